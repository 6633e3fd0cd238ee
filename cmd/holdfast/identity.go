package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"holdfast/identity"
)

// tokenFlags say what tokens are signed with, from whom they are and for whom.
type tokenFlags struct {
	JWTSecret string `name:"jwt-secret" env:"HOLDFAST_JWT_SECRET" secret:"" help:"Secret that callers' tokens are signed with, HS256, at least 32 bytes (${env})."`
	Issuer    string `name:"jwt-issuer" env:"HOLDFAST_JWT_ISSUER" default:"holdfast" help:"Who issues the tokens: their iss (${env})."`
	Audience  string `name:"jwt-audience" env:"HOLDFAST_JWT_AUDIENCE" default:"holdfast" help:"For whom the tokens are: their aud (${env})."`
}

func (f tokenFlags) names() identity.Names {
	return identity.Names{Issuer: f.Issuer, Audience: f.Audience}
}

func (f tokenFlags) signer() (*identity.Secret, error) {
	s, err := identity.NewSecret(f.JWTSecret, f.names())
	if err != nil {
		return nil, usagef("HOLDFAST_JWT_SECRET: %v", err)
	}
	return s, nil
}

// identityFlags say how callers prove who they are.
type identityFlags struct {
	tokenFlags
	Auth string `env:"HOLDFAST_AUTH" enum:"jwt,off" default:"jwt" help:"Who may call: jwt, who has a token; off, everybody who reaches the address is an operator, which has to be on loopback (${env})."`
	Keys string `name:"jwks-url" env:"HOLDFAST_JWKS_URL" password:"" help:"URL of the issuer's public keys, instead of a secret: then tokens are signed with RS256 or ES256 (${env})."`
	// KeysAge is the one bound of a withdrawn key while its issuer is away.
	KeysAge time.Duration `name:"jwks-max-age" env:"HOLDFAST_JWKS_MAX_AGE" default:"4h" help:"How long the issuer's keys are good while it can't be asked again, 20m to 168h; after it calls with a token are refused (${env})."`
}

func (f identityFlags) off() bool { return f.Auth == "off" }

// verifier is nil with authentication off. The returned function ends what it runs
// beside, once ctx has ended.
func (f identityFlags) verifier(ctx context.Context, log *slog.Logger) (identity.Verifier, func(), error) {
	remote, secret, err := f.read(log)
	switch {
	case err != nil || f.off():
		return nil, func() {}, err
	case secret != nil:
		return secret, func() {}, nil
	}
	ctx, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { remote.Run(ctx) })
	return remote, func() { stop(); running.Wait() }, nil
}

// read checks the flags: there has to be one of the two ways, and one alone.
func (f identityFlags) read(log *slog.Logger) (*identity.Remote, *identity.Secret, error) {
	switch {
	case f.off():
		return nil, nil, nil
	case (f.JWTSecret == "") == (f.Keys == ""):
		return nil, nil, usagef("authentication needs either HOLDFAST_JWT_SECRET or HOLDFAST_JWKS_URL; " +
			"on loopback it may be switched off with HOLDFAST_AUTH=off")
	case f.Keys == "":
		secret, err := f.signer()
		return nil, secret, err
	}
	remote, err := identity.NewRemote(f.Keys, f.names(), f.KeysAge, log)
	if err != nil {
		return nil, nil, usagef("--jwks-url and --jwks-max-age (HOLDFAST_JWKS_URL): %v", err)
	}
	return remote, nil, nil
}
