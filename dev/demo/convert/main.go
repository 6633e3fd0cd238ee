// Command convert makes the demo catalogues from the data of DummyJSON and litemall, which
// are not stored here: HOLDFAST_DEMO_SOURCES names the folder with products_dummyjson.json
// and products_zh.json. Without it nothing changes.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"holdfast/dev/demo"
)

const sourcesEnv = "HOLDFAST_DEMO_SOURCES"

func main() {
	folder := os.Getenv(sourcesEnv)
	if folder == "" {
		fmt.Fprintln(os.Stderr, "demo catalogues stay as they are:", sourcesEnv, "names no folder")
		return
	}
	if err := run(folder); err != nil {
		fmt.Fprintln(os.Stderr, "convert:", err)
		os.Exit(1)
	}
}

func run(folder string) error {
	english, err := convert(filepath.Join(folder, "products_dummyjson.json"), fromDummyJSON)
	if err != nil {
		return err
	}
	chinese, err := convert(filepath.Join(folder, "products_zh.json"), fromLitemall)
	if err != nil {
		return err
	}
	if err := write("en.json", english); err != nil {
		return err
	}
	return write("zh.json", chinese)
}

// convert reads a list and converts each of its entries to a product.
func convert[S any](file string, one func(S) (demo.Product, error)) ([]demo.Product, error) {
	b, err := os.ReadFile(file) //nolint:gosec // the developer's own choice
	if err != nil {
		return nil, err
	}
	var sources []S
	if err := json.Unmarshal(b, &sources); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	var products []demo.Product
	seen := map[string]bool{}
	for i, s := range sources {
		p, err := one(s)
		if err != nil {
			return nil, fmt.Errorf("%s, entry %d: %w", file, i, err)
		}
		if seen[p.ID] { // another one of the same name
			p.ID += "-" + p.Variants[0].SKU
		}
		seen[p.ID] = true
		if err := p.Validate(); err != nil {
			return nil, fmt.Errorf("%s, entry %d: %w", file, i, err)
		}
		products = append(products, p)
	}
	return products, nil
}

// write writes one product per line, so that changes are readable.
func write(file string, products []demo.Product) error {
	var out bytes.Buffer
	for i, p := range products {
		line, err := encode(p)
		if err != nil {
			return err
		}
		out.WriteString(map[bool]string{true: "[\n", false: ",\n"}[i == 0])
		out.Write(line)
	}
	out.WriteString("\n]\n")
	return os.WriteFile(file, out.Bytes(), 0o644) //nolint:gosec // a source file
}

func encode(p demo.Product) ([]byte, error) {
	var line bytes.Buffer
	e := json.NewEncoder(&line)
	e.SetEscapeHTML(false)
	err := e.Encode(p)
	return bytes.TrimSpace(line.Bytes()), err
}
