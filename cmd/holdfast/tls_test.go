package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/redisdb/redistest"
	"holdfast/search"
	"holdfast/settings"
)

// certificates are an authority of the tests, and what it signed: a server on 127.0.0.1,
// and a client.
type certificates struct{ ca, serverCert, serverKey, clientCert, clientKey string }

func makeCertificates(t *testing.T) certificates {
	t.Helper()
	dir := t.TempDir()
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority of the tests"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	write := func(name, kind string, der []byte) string {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
		return file
	}
	der, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	require.NoError(t, err)
	c := certificates{ca: write("ca.pem", "CERTIFICATE", der)}
	vouch := func(serial int64, usage x509.ExtKeyUsage, name string) (cert, key string) {
		own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		require.NoError(t, err)
		der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
			SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
			KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{usage},
		}, ca, own.Public(), caKey)
		require.NoError(t, err)
		raw, err := x509.MarshalPKCS8PrivateKey(own)
		require.NoError(t, err)
		return write(name+".pem", "CERTIFICATE", der), write(name+".key", "PRIVATE KEY", raw)
	}
	c.serverCert, c.serverKey = vouch(2, x509.ExtKeyUsageServerAuth, "server")
	c.clientCert, c.clientKey = vouch(3, x509.ExtKeyUsageClientAuth, "client")
	return c
}

// secureRedis is a redis-server that only speaks TLS, with clients that the authority
// signed.
func secureRedis(t *testing.T, c certificates) string {
	t.Helper()
	program := redistest.Program(t)
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port := l.Addr().(*net.TCPAddr).Port
	require.NoError(t, l.Close())
	server := exec.CommandContext(t.Context(), program, "--port", "0", "--tls-port", strconv.Itoa(port), "--bind", "127.0.0.1",
		"--tls-cert-file", c.serverCert, "--tls-key-file", c.serverKey, "--tls-ca-cert-file", c.ca,
		"--requirepass", "pass-of-redis", "--save", "", "--dir", t.TempDir())
	var said strings.Builder
	server.Stdout, server.Stderr = &said, &said
	require.NoError(t, server.Start())
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
		if strings.Contains(said.String(), "tls-port") {
			t.Log(said.String())
		}
	})
	return "rediss://:pass-of-redis@127.0.0.1:" + strconv.Itoa(port) + "/0"
}

func TestRedisOverTLS(t *testing.T) {
	c := makeCertificates(t)
	url := secureRedis(t, c)
	log := slog.New(slog.DiscardHandler)
	good := redisAt(url, c.ca, c.clientCert, c.clientKey)
	rdb, err := good.connect(t.Context(), 20*time.Second, log)
	require.NoError(t, err)
	require.NoError(t, rdb.Set(t.Context(), "a", "b", 0).Err())
	require.NoError(t, rdb.Close())
	for name, f := range map[string]redisFlags{
		"an authority that nobody knows": redisAt(url, "", c.clientCert, c.clientKey),
		"no certificate of one's own":    redisAt(url, c.ca, "", ""),
		"another authority":              redisAt(url, makeCertificates(t).ca, c.clientCert, c.clientKey),
		"plain":                          redisAt(strings.Replace(url, "rediss:", "redis:", 1), "", "", ""),
	} {
		_, err := f.connect(t.Context(), 200*time.Millisecond, log)
		require.Error(t, err, name)
		require.NotContains(t, err.Error(), "pass-of-redis", name)
	}
	for name, f := range map[string]redisFlags{
		"files, and no TLS":   redisAt("redis://127.0.0.1:1", c.ca, "", ""),
		"no such file":        redisAt(url, "nowhere.pem", "", ""),
		"a key is no CA":      redisAt(url, c.clientKey, "", ""),
		"half of a pair":      redisAt(url, "", c.clientCert, ""),
		"a pair that doesn't": redisAt(url, "", c.clientCert, c.serverKey),
	} {
		err := f.checkTLS()
		require.ErrorAs(t, err, new(*usageError), name)
	}
}

func TestElasticsearchOverTLS(t *testing.T) {
	c := makeCertificates(t)
	pair, err := certificate(c.serverCert, c.serverKey)
	require.NoError(t, err)
	asked := 0
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		w.WriteHeader(http.StatusBadRequest)
	}))
	server.TLS, err = listenFlags{Gateway: settings.Gateway{TLSCert: c.serverCert, TLSKey: c.serverKey}}.tls()
	require.NoError(t, err)
	require.Equal(t, pair[0].Certificate, server.TLS.Certificates[0].Certificate)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	server.StartTLS()
	defer server.Close()
	ask := func(f indexFlags) {
		t.Helper()
		index, err := f.readIndex(t.Context())
		require.NoError(t, err)
		_, err = index.SearchProducts(t.Context(), search.ProductQuery{})
		require.Error(t, err)
		require.NoError(t, index.Close())
	}
	ask(indexAt(server.URL, ""))
	require.Zero(t, asked, "an authority that nobody knows")
	ask(indexAt(server.URL, c.ca))
	require.Positive(t, asked)
	require.Error(t, indexAt("http://127.0.0.1:1", c.ca).checkIndex())
}

func redisAt(url, ca, cert, key string) redisFlags {
	return redisFlags{settings.Redis{
		RedisAddress: settings.RedisAddress{RedisURL: url}, RedisCA: ca, RedisCert: cert, RedisKey: key,
	}}
}

func indexAt(url, ca string) indexFlags {
	return indexFlags{settings.Index{IndexAddress: settings.IndexAddress{ElasticsearchURL: url}, ElasticsearchCA: ca}}
}
