package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSample(t *testing.T) {
	f, err := os.Open("testdata/sample.csv")
	require.NoError(t, err)
	defer f.Close() //nolint:errcheck // it was read only
	s, err := read(f)
	require.NoError(t, err)

	assert.Equal(t, 23, s.rows)
	assert.Equal(t, map[leftOut]int{cancellation: 3, noPrice: 1, noUnits: 1, badPrice: 2}, s.left)

	orders := s.orders()
	require.Len(t, orders, 9)
	assert.Equal(t, "536365", orders[0].Key)
	assert.Equal(t, "17850", orders[0].CustomerID)
	require.Len(t, orders[0].Lines, 7)
	assert.Equal(t, line{ProductID: "71053", Quantity: 6}, orders[0].Lines[1])
	assert.Equal(t, "guest-536544", orders[1].CustomerID, "a missing customer")
	assert.Equal(t, "BANK~20CHARGES", orders[2].Lines[0].ProductID)

	products := map[string]productLine{}
	for _, p := range s.products(0.8) {
		require.NoError(t, p.Validate(), "product %s", p.ID)
		products[p.ID] = p
	}
	lamp := products["85123A"]
	assert.Equal(t, "WHITE HANGING HEART T-LIGHT HOLDER", lamp.Title)
	assert.Equal(t, int64(255), lamp.Variants[0].Price)
	assert.Equal(t, int64(4), *lamp.Variants[0].Stock, "0.8 of 6, rounded down")
	assert.Equal(t, int64(1), products["PADS"].Variants[0].Price, "a tenth of a penny rounds up")
	assert.Equal(t, int64(1), products["BANK~20CHARGES"].Variants[0].Price, "of two prices once each the lower")
	assert.Equal(t, int64(1106206), products["B"].Variants[0].Price)
}

func TestWholeFile(t *testing.T) {
	name := os.Getenv("HOLDFAST_ONLINE_RETAIL")
	if name == "" {
		if strings.Contains(","+os.Getenv("HOLDFAST_REQUIRE")+",", ",online-retail,") {
			t.Fatal("HOLDFAST_REQUIRE wants the whole file, and HOLDFAST_ONLINE_RETAIL doesn't name it")
		}
		t.Skip("HOLDFAST_ONLINE_RETAIL names no file")
	}
	dir := t.TempDir()
	var out strings.Builder
	require.NoError(t, run([]string{"--out", dir, name}, &out))
	assert.Contains(t, out.String(), "541909 lines: 19960 orders with 530104 lines (up to 1114 in one)")
	assert.Contains(t, out.String(), "left out: 11805 lines")

	lines := 0
	for _, o := range jsonLines[orderLine](t, filepath.Join(dir, "orders.jsonl")) {
		lines += len(o.Lines)
	}
	assert.Equal(t, 530_104, lines)
	assert.Len(t, jsonLines[orderLine](t, filepath.Join(dir, "orders.jsonl")), 19_960)
	for _, p := range jsonLines[productLine](t, filepath.Join(dir, "products.jsonl")) {
		require.NoError(t, p.Validate(), "product %s", p.ID)
	}
}

func jsonLines[T any](t *testing.T, name string) []T {
	t.Helper()
	f, err := os.Open(name)
	require.NoError(t, err)
	defer f.Close() //nolint:errcheck // it was read only
	var all []T
	for dec := json.NewDecoder(f); ; {
		var v T
		err := dec.Decode(&v)
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err)
		all = append(all, v)
	}
}

func TestPackedFileAndPlainFileGiveTheSame(t *testing.T) {
	plain, err := os.ReadFile("testdata/sample.csv")
	require.NoError(t, err)
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err = w.Write(plain)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	name := filepath.Join(t.TempDir(), "sample.csv.gz")
	require.NoError(t, os.WriteFile(name, packed.Bytes(), 0o600))

	var files [2][]byte
	for i, in := range []string{"testdata/sample.csv", name} {
		dir := t.TempDir()
		require.NoError(t, run([]string{"--out", dir, in}, io.Discard))
		files[i], err = os.ReadFile(filepath.Join(dir, "orders.jsonl"))
		require.NoError(t, err)
	}
	assert.NotEmpty(t, files[0])
	assert.Equal(t, string(files[0]), string(files[1]))
}

func TestPrices(t *testing.T) {
	for in, want := range map[string]int64{
		"2.55": 2550, "2.5": 2500, "15": 15000, "0.001": 1, "-11062.06": -11062060, "0.0": 0,
	} {
		got, err := tenthPence(in)
		require.NoError(t, err, in)
		assert.Equal(t, want, got, in)
	}
	for _, in := range []string{"", "-", ".5", "1.2345", "--1", "1e3", "+1", "1.+5", "£2"} {
		_, err := tenthPence(in)
		require.Error(t, err, in)
	}
	assert.Equal(t, int64(255), roundUp(2550))
	assert.Equal(t, int64(1), roundUp(1))
	assert.Equal(t, int64(0), roundUp(0))
}

func TestIDsCanBeUndone(t *testing.T) {
	seen := map[string]bool{}
	for _, code := range []string{"85123A", "85123a", "BANK CHARGES", "BANK~20CHARGES", "a/b", "é", "~", "gift_0001_40"} {
		id := encodeID(code)
		assert.False(t, seen[id], "%s is somebody else's", id)
		seen[id] = true
		back, err := decodeID(id)
		require.NoError(t, err)
		assert.Equal(t, code, back)
	}
	for _, id := range []string{"~", "~2", "~zz"} {
		_, err := decodeID(id)
		assert.Error(t, err, id)
	}
}

func TestAnotherFileIsRefused(t *testing.T) {
	_, err := read(strings.NewReader("a,b,c,d,e,f,g,h\n"))
	assert.ErrorContains(t, err, "not the Online Retail file")
}
