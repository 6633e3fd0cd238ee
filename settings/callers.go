package settings

import (
	"time"

	"holdfast/identity"
)

// Tokens say how tokens are signed, by whom and for whom.
type Tokens struct {
	JWTSecret string `name:"jwt-secret" env:"HOLDFAST_JWT_SECRET" secret:"" example:"a secret of 32 bytes or more, in a file" help:"Secret that callers' tokens are signed with, HS256, at least 32 bytes."`
	Issuer    string `name:"jwt-issuer" env:"HOLDFAST_JWT_ISSUER" default:"holdfast" help:"Issuer of the tokens: their iss."`
	TokenClaims
}

// TokenClaims say whom tokens are for, and where they hold roles.
type TokenClaims struct {
	Audience string `name:"jwt-audience" env:"HOLDFAST_JWT_AUDIENCE" default:"holdfast" help:"Audience of the tokens: their aud."`
	Roles    string `name:"jwt-roles-claim" env:"HOLDFAST_JWT_ROLES_CLAIM" default:"role" help:"Claim of the tokens that holds the caller's roles: a text or a list of texts. In scope and scp, a text is a list separated by spaces. With HOLDFAST_JWKS_URL whoever has none is a customer."`
}

// Names are the issuer, the audience and the claim of roles.
func (t Tokens) Names() identity.Names {
	return identity.Names{Issuer: t.Issuer, Audience: t.Audience, RolesClaim: t.Roles}
}

// Signer signs and verifies tokens with the secret.
func (t Tokens) Signer() (*identity.Secret, error) {
	return identity.NewSecret(t.JWTSecret, t.Names())
}

// Callers says how callers authenticate.
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
