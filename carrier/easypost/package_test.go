package easypost_test

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// verify says what EasyPost's own package thinks of a message on its standard input.
const verify = `
import sys
from easypost.errors import SignatureVerificationError
from easypost.util import validate_webhook
try:
    validate_webhook(sys.stdin.buffer.read(), {"X-Hmac-Signature": sys.argv[1]}, sys.argv[2])
    print("valid")
except SignatureVerificationError:
    print("forged")
`

// scripts/easypost.sh installs the package and runs this test.
func TestEasyPostsOwnPackageAgrees(t *testing.T) {
	python := os.Getenv("EASYPOST_PYTHON")
	if python == "" {
		t.Skip("left out: EASYPOST_PYTHON names no Python with EasyPost's package")
	}
	w := webhook(t)
	body := message(t, "1Z999ÄÖ", detail("delivered", "", "2026-03-01T10:00:00Z"))
	changed := bytes.Replace(body, []byte("delivered"), []byte("returned!"), 1)
	for name, row := range map[string]struct {
		body   []byte
		header http.Header
		secret string
		says   string
	}{
		"a message":         {body, w.Sign(body), secret, "valid\n"},
		"a changed message": {changed, w.Sign(body), secret, "forged\n"},
		"another's secret":  {body, w.Sign(body), "a secret of someone else", "forged\n"},
	} {
		cmd := exec.CommandContext(t.Context(), python, "-c", verify, row.header.Get("X-Hmac-Signature"), row.secret)
		cmd.Stdin = bytes.NewReader(row.body)
		said, err := cmd.Output()
		require.NoError(t, err, name)
		require.Equal(t, row.says, string(said), name)
	}
}
