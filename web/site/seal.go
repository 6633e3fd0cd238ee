package site

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
)

// MinKeyBytes is the shortest key that cookies may be sealed with.
const MinKeyBytes = 32

// Sealer encrypts and signs what browsers keep for us: they can neither read nor change it.
type Sealer struct{ aead cipher.AEAD }

// NewSealer derives a key from a secret for one purpose. The same secret opens what another process
// sealed.
func NewSealer(secret, purpose string) (*Sealer, error) {
	if len(secret) < MinKeyBytes {
		return nil, fmt.Errorf("a secret of %d bytes (HOLDFAST_WEB_SECRET) is too short: at least %d are needed", len(secret), MinKeyBytes)
	}
	key := sha256.Sum256([]byte("holdfast web: " + purpose + ": " + secret))
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	return &Sealer{aead}, err
}

var errSealed = errors.New("it wasn't sealed here")

// Seal returns a value as text for a URL or a cookie. What was sealed under another name doesn't open
// under this one.
func (s *Sealer) Seal(name string, value any) (string, error) {
	b, err := json.Marshal(value)
	if err != nil {
		return "", fmt.Errorf("seal %s: %w", name, err)
	}
	nonce := make([]byte, s.aead.NonceSize(), s.aead.NonceSize()+len(b)+s.aead.Overhead())
	_, _ = rand.Read(nonce) // never fails
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal(nonce, nonce, b, []byte(name))), nil
}

// Open is the reverse of Seal.
func (s *Sealer) Open(name, text string, into any) error {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) < s.aead.NonceSize() {
		return errSealed
	}
	n := s.aead.NonceSize()
	plain, err := s.aead.Open(nil, b[:n], b[n:], []byte(name))
	if err != nil {
		return errSealed
	}
	return json.Unmarshal(plain, into)
}
