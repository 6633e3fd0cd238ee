package identity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/MicahParks/jwkset"
	"github.com/MicahParks/keyfunc/v3"
)

// fetch reads the issuer's keys. Its errors leave out the URL, which may contain a
// password.
func (r *Remote) fetch(ctx context.Context) (keyfunc.Keyfunc, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url, http.NoBody)
	if err != nil {
		return nil, errors.New("ask for the JWKS: its URL can't be asked")
	}
	answer, err := r.http.Do(request)
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err
		}
		return nil, fmt.Errorf("ask for the JWKS: %w", err)
	}
	defer answer.Body.Close() //nolint:errcheck // it was only read
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("ask for the JWKS: it answers %d", answer.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxSetBytes))
	if err != nil {
		return nil, fmt.Errorf("read the JWKS: %w", err)
	}
	return keysOf(ctx, body)
}

// keysOf returns the keys of a set that can sign tokens, and skips the others: a key of an
// unknown kind must not make the rest unusable.
func keysOf(ctx context.Context, body []byte) (keyfunc.Keyfunc, error) {
	var set jwkset.JWKSMarshal
	if err := json.Unmarshal(body, &set); err != nil {
		return nil, errors.New("read the JWKS: it is no JSON of keys")
	}
	usable := jwkset.NewMemoryStorage()
	kept := 0
	for _, k := range set.Keys {
		if (k.KTY != jwkset.KtyRSA && k.KTY != jwkset.KtyEC) || (k.USE != "" && k.USE != jwkset.UseSig) {
			continue
		}
		key, err := jwkset.NewJWKFromMarshal(k, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{})
		if err != nil {
			continue
		}
		if err := usable.KeyWrite(ctx, key); err != nil {
			return nil, fmt.Errorf("keep a key of the JWKS: %w", err)
		}
		kept++
	}
	if kept == 0 {
		return nil, errors.New("read the JWKS: it has no key for RS256 or ES256")
	}
	return keyfunc.New(keyfunc.Options{Ctx: ctx, Storage: usable})
}
