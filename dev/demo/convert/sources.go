package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"holdfast/dev/demo"
	"holdfast/product"
)

// dummyJSON is what is used of an entry of DummyJSON.
type dummyJSON struct {
	Title       string      `json:"title"`
	Description string      `json:"description"`
	Category    string      `json:"category"`
	Brand       string      `json:"brand"`
	Price       json.Number `json:"price"` // dollars
	Stock       int64       `json:"stock"`
	Tags        []string    `json:"tags"`
	SKU         string      `json:"sku"`
	Warranty    string      `json:"warrantyInformation"`
	Returns     string      `json:"returnPolicy"`
	Thumbnail   string      `json:"thumbnail"`
}

func fromDummyJSON(s dummyJSON) (demo.Product, error) {
	price, err := minorUnits(s.Price.String())
	if err != nil {
		return demo.Product{}, err
	}
	return demo.Product{ID: slug(s.Title), Spec: product.Spec{
		Description: product.Description{
			Title: s.Title, Description: s.Description, Brand: s.Brand, Category: readable(s.Category), Tags: s.Tags,
			Image: s.Thumbnail, Attributes: map[string]string{"warranty": s.Warranty, "returns": s.Returns},
		},
		Currency: "USD",
		Variants: []product.VariantSpec{{SKU: s.SKU, Price: price, Stock: new(s.Stock)}},
	}}, nil
}

// litemall is what is used of an entry of litemall.
type litemall struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Category string `json:"category"`
	Brief    string `json:"brief"`
	Price    string `json:"retail_price"` // yuan
	Image    string `json:"image"`
}

func fromLitemall(s litemall) (demo.Product, error) {
	price, err := minorUnits(s.Price)
	if err != nil {
		return demo.Product{}, err
	}
	number, err := strconv.ParseInt(s.ID, 10, 64)
	if err != nil {
		return demo.Product{}, err
	}
	return demo.Product{ID: "litemall-" + s.ID, Spec: product.Spec{
		Description: product.Description{Title: s.Name, Description: s.Brief, Category: s.Category, Image: s.Image},
		Currency:    "CNY",
		Variants:    []product.VariantSpec{{SKU: s.ID, Price: price, Stock: new(madeUpStock(number))}},
	}}, nil
}

// madeUpStock is 0 to 100 units, the same each time: litemall's data has none.
func madeUpStock(id int64) int64 { return id * 37 % 101 }

// minorUnits reads a decimal amount of a currency with two decimals, exactly.
func minorUnits(amount string) (int64, error) {
	whole, decimals, _ := strings.Cut(amount, ".")
	if whole == "" || len(decimals) > 2 {
		return 0, fmt.Errorf("%q is not an amount with two decimals", amount)
	}
	n, err := strconv.ParseInt(whole+(decimals + "00")[:2], 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%q is not an amount of money", amount)
	}
	return n, nil
}

// slug makes an id from a title: essence-mascara-lash-princess.
func slug(title string) string {
	title = strings.ReplaceAll(strings.ToLower(title), "&", " and ")
	title = strings.NewReplacer("'", "", "’", "").Replace(title)
	words := strings.FieldsFunc(title, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	return strings.Join(words, "-")
}

// readable makes a heading from a category's slug: Men's Shirts from mens-shirts.
func readable(category string) string {
	words := strings.Split(category, "-")
	for i, w := range words {
		switch w {
		case "mens", "womens":
			w = strings.TrimSuffix(w, "s") + "'s"
		}
		words[i] = strings.ToUpper(w[:1]) + w[1:]
	}
	return strings.Join(words, " ")
}
