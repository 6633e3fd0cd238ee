package settings

import (
	"fmt"
	"time"

	"holdfast/identity"
)

// Tokens say how tokens are signed, by whom and for whom.
type Tokens struct {
	JWTSecret string `name:"jwt-secret" env:"HOLDFAST_JWT_SECRET" secret:"" example:"a secret of 32 bytes or more, in a file" help:"Secret that callers' tokens are signed with, HS256, at least 32 bytes."`
	Issuer    string `name:"jwt-issuer" env:"HOLDFAST_JWT_ISSUER" default:"holdfast" help:"Issuer of the tokens: their iss."`
	Audience  string `name:"jwt-audience" env:"HOLDFAST_JWT_AUDIENCE" default:"holdfast" help:"Audience of the tokens: their aud."`
}

// Names are the issuer and the audience.
func (t Tokens) Names() identity.Names {
	return identity.Names{Issuer: t.Issuer, Audience: t.Audience}
}

// Signer signs and verifies tokens with the secret.
func (t Tokens) Signer() (*identity.Secret, error) {
	s, err := identity.NewSecret(t.JWTSecret, t.Names())
	if err != nil {
		return nil, fmt.Errorf("HOLDFAST_JWT_SECRET: %w", err)
	}
	return s, nil
}

// Callers say how callers prove who they are.
type Callers struct {
	Tokens
	Auth string `env:"HOLDFAST_AUTH" enum:"jwt,off" default:"${auth=jwt}" help:"Who may call. jwt: callers with a token (holdfast token signs one). off: every caller is an operator, so the gateway must listen on loopback."`
}

// Off reports whether authentication is off.
func (c Callers) Off() bool { return c.Auth == "off" }

// Keys are an identity provider's public keys, instead of a secret.
type Keys struct {
	KeysURL string        `name:"jwks-url" env:"HOLDFAST_JWKS_URL" password:"" example:"https://id.example/keys" placeholder:"URL" help:"URL of the issuer's public keys, instead of a secret; tokens are then signed with RS256 or ES256."`
	KeysAge time.Duration `name:"jwks-max-age" env:"HOLDFAST_JWKS_MAX_AGE" default:"4h" help:"How long the issuer's keys stay valid while the issuer can't be reached, 20m to 168h. After that, calls with a token are refused. It also bounds how long a withdrawn key is still accepted."`
}
