package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"holdfast/client/gatewaytest"
)

// Settings that contradict each other, or with which no promise could be kept, are refused
// before other services are awaited.
func TestOddSettingsAreRefused(t *testing.T) {
	for _, c := range []struct{ command, auth, setting, value, says string }{
		{"api", "off", "HOLDFAST_TRUSTED_PROXIES", "127.0.0.1", "HOLDFAST_AUTH"},
		{"api", "off", "HOLDFAST_PUBLIC_URL", "https://shop.example", "HOLDFAST_AUTH"},
		{"api", "jwt", "HOLDFAST_TRUSTED_PROXIES", "0.0.0.0/0", "HOLDFAST_TRUSTED_PROXIES"},
		{"api", "jwt", "HOLDFAST_TRUSTED_PROXIES", "10.0.0.0/8,::/0", "HOLDFAST_TRUSTED_PROXIES"},
		{"api", "jwt", "HOLDFAST_SANDBOX_FAILS", "NaN", "HOLDFAST_SANDBOX_FAILS"},
		{"api", "jwt", "HOLDFAST_DRAIN_DELAY", "-1s", "HOLDFAST_DRAIN_DELAY"},
		{"api", "jwt", "HOLDFAST_DRAIN_DELAY", "1000h", "HOLDFAST_DRAIN_DELAY"},
		{"api", "jwt", "HOLDFAST_WEBHOOK_SECRET_FILE", "/dev/zero", "HOLDFAST_WEBHOOK_SECRET_FILE"},
		{"worker", "off", "HOLDFAST_GRACE", "-1s", "HOLDFAST_GRACE"},
		{"worker", "off", "HOLDFAST_GRACE", "100h", "HOLDFAST_GRACE"},
	} {
		t.Run(c.command+" "+c.setting+"="+c.value, func(t *testing.T) {
			t.Setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
			t.Setenv("HOLDFAST_SANDBOX", "true")
			t.Setenv("HOLDFAST_AUTH", c.auth)
			t.Setenv("HOLDFAST_JWT_SECRET", jwtSecret)
			t.Setenv("HOLDFAST_WEBHOOK_SECRET", gatewaytest.Secret)
			if secret, inFile := strings.CutSuffix(c.setting, fileSuffix); inFile {
				t.Setenv(secret, "")
			}
			t.Setenv(c.setting, c.value)
			code, _, stderr := holdfast(t, c.command, "--wait", "1h")
			assert.Equal(t, exitUsage, code, stderr)
			assert.Contains(t, stderr, c.says)
		})
	}
}
