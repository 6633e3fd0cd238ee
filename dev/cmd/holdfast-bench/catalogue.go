package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"holdfast/product"
	"holdfast/search"
)

// The words of a made-up catalogue: what a home goods shop sells.
var (
	adjectives = words("Red Blue Green Vintage Modern Large Small Wooden Steel Glass Ceramic Cotton Leather Folding Electric Portable Classic Nordic Outdoor Heavy")
	materials  = words("Oak Walnut Pine Bamboo Copper Brass Linen Wool Silk Marble Cork Rattan Enamel Titanium Granite")
	nouns      = words("Teapot Kettle Lamp Chair Table Sofa Shelf Mirror Clock Vase Bowl Plate Knife Pan Blanket Pillow Curtain Carpet Drill Hammer Ladder Fan Heater Speaker Camera Phone Laptop Printer Router Monitor")
	brands     = words("Acme Borealis Cascade Delphi Everly Fjord Granary Harbor Ister Juniper Kestrel Lumen")
	rooms      = words("kitchen bedroom office garden bathroom workshop hall nursery")
)

func words(s string) []string {
	var all []string
	start := 0
	for i := range len(s) + 1 {
		if i == len(s) || s[i] == ' ' {
			all = append(all, s[start:i])
			start = i + 1
		}
	}
	return all
}

// made is the n-th product of the made-up catalogue; always the same one.
func made(n int) search.Product {
	r := rand.New(rand.NewPCG(uint64(n), 7)) //nolint:gosec // a catalogue that is the same each time, no secret
	pick := func(from []string) string { return from[r.IntN(len(from))] }
	adjective, material, noun, brand := pick(adjectives), pick(materials), pick(nouns), pick(brands)
	price := int64(100 + r.IntN(100_000))
	at := time.UnixMilli(1_760_000_000_000 + int64(n)).UTC()
	return search.Product{
		ID: fmt.Sprintf("p-%07d", n), Version: 1, Status: product.StatusListed,
		Title:       fmt.Sprintf("%s %s %s %s-%d", adjective, material, noun, brand[:2], 100+n%9000),
		Description: fmt.Sprintf("A %s made of %s for the %s. Goes well with a %s %s.", noun, material, pick(rooms), pick(adjectives), pick(nouns)),
		Brand:       brand, Category: noun, Tags: []string{adjective, pick(rooms)},
		Currency: currency, MinPrice: price, MaxPrice: price, Available: int64(r.IntN(20)),
		CreatedAt: at, UpdatedAt: at,
	}
}

// queries are the searches: one to four words, common and rare ones, one with a typo.
func queries() []string {
	return []string{
		"teapot", "red lamp", "oak table", "wooden chair", "steel knife", "blue cotton blanket", "garden",
		"electric drill", "acme speaker", "nordic vase", "copper pan", "kitchen clock", "lu-500", "fjord sofa",
		"portable heater", "granite bowl", "small marble plate", "folding ladder", "linen curtain bedroom", "speeker",
	}
}

// fill puts n made-up products into a view that is swapped in.
func fill(ctx context.Context, x search.Index, n int) (took time.Duration, err error) {
	const batch = 1000
	start := time.Now()
	r, err := x.Rebuild(ctx, search.ViewProducts)
	if err != nil {
		return 0, err
	}
	defer r.Abandon(context.WithoutCancel(ctx)) //nolint:errcheck // after Swap it does nothing
	for from := 0; from < n; from += batch {
		var b search.Batch
		for i := from; i < min(from+batch, n); i++ {
			b.Products = append(b.Products, made(i))
		}
		results, err := r.Put(ctx, b)
		if err != nil {
			return 0, err
		}
		if bad := results.Poisoned(); len(bad) > 0 {
			return 0, fmt.Errorf("product %s: %s", bad[0].ID, bad[0].Reason)
		}
	}
	if err := r.Refresh(ctx); err != nil {
		return 0, err
	}
	return time.Since(start), r.Swap(ctx)
}
