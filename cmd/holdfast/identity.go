package main

import (
	"context"
	"log/slog"
	"sync"

	"holdfast/identity"
	"holdfast/settings"
)

// identityFlags say how callers authenticate.
type identityFlags struct {
	settings.Callers
	settings.Keys
	settings.Guests
}

// verifier returns nil with authentication off. The returned function ends what it runs in
// the background, once ctx has ended.
func (f identityFlags) verifier(ctx context.Context, log *slog.Logger) (identity.Verifier, func(), error) {
	remote, secret, err := f.read(log)
	switch {
	case err != nil || f.Off():
		return nil, func() {}, err
	case secret != nil:
		return secret, func() {}, nil
	}
	ctx, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { remote.Run(ctx) })
	return remote, func() { stop(); running.Wait() }, nil
}

// read checks the flags: exactly one of the two ways must be set.
func (f identityFlags) read(log *slog.Logger) (*identity.Remote, *identity.Secret, error) {
	switch {
	case f.Off():
		return nil, nil, nil
	case (f.JWTSecret == "") == (f.KeysURL == ""):
		return nil, nil, usagef("authentication needs either HOLDFAST_JWT_SECRET or HOLDFAST_JWKS_URL; " +
			"on loopback it may be turned off with HOLDFAST_AUTH=off")
	case f.KeysURL == "":
		secret, err := f.Signer()
		if err != nil {
			return nil, nil, usagef("%v", err)
		}
		return nil, secret, nil
	}
	remote, err := identity.NewRemote(f.KeysURL, f.Names(), f.KeysAge, log)
	if err != nil {
		return nil, nil, usagef("%v", err)
	}
	return remote, nil, nil
}

// guests returns nil if there are none.
func (f identityFlags) guests() (*identity.Guests, error) {
	signer, err := f.GuestSigner(f.Tokens)
	if err != nil {
		return nil, usagef("%v", err)
	}
	return signer, nil
}
