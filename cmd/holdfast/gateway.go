package main

import "holdfast/cmd/holdfast/rest"

// gatewayFlags say which gateway a tool calls, and as whom.
type gatewayFlags struct {
	URL   string `name:"url" env:"HOLDFAST_URL" default:"http://127.0.0.1:8080" help:"URL of the gateway (${env})."`
	Token string `env:"HOLDFAST_TOKEN" secret:"" help:"Bearer token, where the gateway asks for one (${env})."`
}

func (f gatewayFlags) client(connections int) (*rest.Client, error) {
	c, err := rest.New(rest.Config{URL: f.URL, Token: f.Token, Connections: connections})
	if err != nil {
		return nil, usagef("--url: %v", err)
	}
	return c, nil
}
