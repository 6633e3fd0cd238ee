// Package demo contains demo products: two catalogues of a few hundred products each, for a
// shop that was just started. README.md says where they come from.
package demo

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"holdfast/product"
)

// Off is the name for no catalogue.
const Off = "off"

// Product is one product of a catalogue, as a merchant would put it.
type Product struct {
	ID string `json:"id"`
	product.Spec
}

//go:generate go run ./convert
//go:embed en.json zh.json
var catalogues embed.FS

// Names lists the catalogues.
func Names() []string { return []string{"en", "zh"} }

// Load returns a catalogue by its name.
func Load(name string) ([]Product, error) {
	if slices.Contains(Names(), name) {
		return read(name + ".json")
	}
	return nil, fmt.Errorf("there is no demo catalogue %q: choose %s or %s", name, strings.Join(Names(), ", "), Off)
}

func read(file string) ([]Product, error) {
	b, err := catalogues.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("demo catalogue: %w", err)
	}
	var list []Product
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&list); err != nil {
		return nil, fmt.Errorf("demo catalogue %s: %w", file, err)
	}
	return list, nil
}

// Shop is where products are created.
type Shop interface {
	Put(ctx context.Context, id string, spec product.Spec, ifMatch *int64) (p product.Product, created bool, err error)
}

// Fill creates the products that the shop doesn't have. It leaves existing ones alone: they
// may have been edited, sold or delisted. It returns how many it created.
func Fill(ctx context.Context, shop Shop, products []Product) (created int, err error) {
	notThere := product.NotThere
	for _, p := range products {
		_, _, err := shop.Put(ctx, p.ID, p.Spec, &notThere)
		if errors.Is(err, product.ErrExists) {
			continue
		}
		if err != nil {
			return created, fmt.Errorf("fill the demo shop: %w", err)
		}
		created++
	}
	return created, nil
}
