package script

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheEngineIsTheOneThatItsDocumentDescribes(t *testing.T) {
	document, err := os.ReadFile("engine/README.md")
	require.NoError(t, err)
	sum := sha256.Sum256(quickjs)
	assert.Contains(t, string(document), "| SHA-256 | "+hex.EncodeToString(sum[:])+" |")
	assert.Contains(t, string(document), "QuickJS-ng](https://github.com/quickjs-ng/quickjs) "+engineVersion(t)+" compiled")
}

func engineVersion(t *testing.T) string {
	e := open(t, Options{})
	b, err := e.machine.newBox(t.Context())
	require.NoError(t, err)
	ctx := b.use(t.Context(), &run{deadline: time.Minute})
	require.NoError(t, b.restore(ctx, e.machine.base))
	b.run.begin(0, 1<<20)
	at, err := b.call(ctx, "qjs_get_quickjs_version")
	require.NoError(t, err)
	text, ok := b.memory.Read(uint32(at), 16)
	require.True(t, ok)
	version, _, _ := strings.Cut(string(text), "\x00")
	return version
}
