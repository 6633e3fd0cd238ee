package main

import (
	"holdfast/client"
	"holdfast/settings"
)

// gatewayFlags say which gateway a tool calls, and as whom.
type gatewayFlags struct{ settings.Tool }

func (f gatewayFlags) client(connections int) (*client.Client, error) {
	c, err := client.New(client.Config{URL: f.GatewayURL, Token: f.Token, Connections: connections})
	if err != nil {
		return nil, usagef("--url: %v", err)
	}
	return c, nil
}
