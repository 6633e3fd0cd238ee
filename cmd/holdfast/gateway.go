package main

import (
	"holdfast/cmd/holdfast/rest"
	"holdfast/settings"
)

// gatewayFlags say which gateway a tool calls, and as whom.
type gatewayFlags struct{ settings.Tool }

func (f gatewayFlags) client(connections int) (*rest.Client, error) {
	c, err := rest.New(rest.Config{URL: f.GatewayURL, Token: f.Token, Connections: connections})
	if err != nil {
		return nil, usagef("--url: %v", err)
	}
	return c, nil
}
