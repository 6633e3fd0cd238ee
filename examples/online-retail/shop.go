package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"

	"holdfast/order"
	"holdfast/product"
)

// shop is the year's sales.
type shop struct {
	rows     int
	left     map[leftOut]int
	invoices []*invoice
	byNumber map[string]*invoice
	goods    map[string]*good
}

type invoice struct {
	number, customer string
	lines            []line
}

type line struct {
	ProductID string `json:"productId"`
	Quantity  int64  `json:"quantity"`
}

// good is what the year's data says about one product. Titles and prices map to the number
// of lines that had them.
type good struct {
	demand int64
	titles map[string]int
	prices map[int64]int
}

// orderLine is one line of orders.jsonl. Its lines contain no price: prices changed over
// the year, and an order accepts the current one.
type orderLine struct {
	Key        string `json:"key"`
	CustomerID string `json:"customerId"`
	Lines      []line `json:"lines"`
}

// productLine is one line of products.jsonl.
type productLine struct {
	ID string `json:"id"`
	product.Spec
}

func read(r io.Reader) (*shop, error) {
	s := &shop{left: map[leftOut]int{}, byNumber: map[string]*invoice{}, goods: map[string]*good{}}
	in := csv.NewReader(r)
	in.FieldsPerRecord, in.ReuseRecord = columns, true
	head, err := in.Read()
	if err != nil {
		return nil, fmt.Errorf("read its head: %w", err)
	}
	if head[invoiceNo] != "InvoiceNo" || head[country] != "Country" || head[invoiceDate] != "InvoiceDate" {
		return nil, fmt.Errorf("its head is %q: not the Online Retail file", head)
	}
	for {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			return s, nil
		}
		if err != nil {
			return nil, err
		}
		s.rows++
		sold, why, err := parse(row)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", s.rows+1, err)
		}
		if why != "" {
			s.left[why]++
			continue
		}
		s.add(sold)
	}
}

func (s *shop) add(l sale) {
	in := s.byNumber[l.invoice]
	if in == nil {
		in = &invoice{number: l.invoice, customer: l.customer}
		s.byNumber[l.invoice] = in
		s.invoices = append(s.invoices, in)
	}
	in.lines = append(in.lines, line{ProductID: l.productID, Quantity: l.quantity})
	g := s.goods[l.productID]
	if g == nil {
		g = &good{titles: map[string]int{}, prices: map[int64]int{}}
		s.goods[l.productID] = g
	}
	g.demand += l.quantity
	g.prices[l.pence]++
	if l.title != "" {
		g.titles[l.title]++
	}
}

// orders lists the year's orders as they were placed. One that exceeds Holdfast's limits is
// counted and left out.
func (s *shop) orders() []orderLine {
	lines := make([]orderLine, 0, len(s.invoices))
	for _, in := range s.invoices {
		p := order.Placement{OrderID: in.number, CustomerID: in.customer}
		for _, l := range in.lines {
			p.Lines = append(p.Lines, order.LineRequest{ProductID: l.ProductID, Quantity: l.Quantity})
		}
		if p.Validate() != nil {
			s.left[beyond] += len(in.lines)
			continue
		}
		lines = append(lines, orderLine{Key: in.number, CustomerID: in.customer, Lines: in.lines})
	}
	return lines
}

// products lists everything that was sold. Title and price are those of most lines. Stock
// is the given share of the year's demand, rounded down.
func (s *shop) products(share float64) []productLine {
	lines := make([]productLine, 0, len(s.goods))
	for _, id := range slices.Sorted(maps.Keys(s.goods)) {
		g := s.goods[id]
		stock := min(int64(math.Floor(float64(g.demand)*share)), product.MaxStock)
		title, ok := mostFrequent(g.titles)
		if !ok {
			title = "Stock code " + id
		}
		lines = append(lines, productLine{ID: id, Spec: product.Spec{
			Description: product.Description{Title: title}, Currency: "GBP",
			Variants: []product.VariantSpec{{SKU: id, Price: first(mostFrequent(g.prices)), Stock: &stock}},
		}})
	}
	return lines
}

// mostFrequent returns the key with the highest count, the smallest of several, so that the
// same file always gives the same result.
func mostFrequent[K interface{ ~string | ~int64 }](counts map[K]int) (best K, ok bool) {
	for k, n := range counts {
		if !ok || n > counts[best] || (n == counts[best] && k < best) {
			best, ok = k, true
		}
	}
	return best, ok
}

func first[A, B any](a A, _ B) A { return a }

// print prints how the lines of the file were used.
func (s *shop) print(w io.Writer, products int, orders []orderLine) {
	sold, longest := 0, 0
	for _, o := range orders {
		sold += len(o.Lines)
		longest = max(longest, len(o.Lines))
	}
	_, _ = fmt.Fprintf(w, "%d lines: %d orders with %d lines (up to %d in one), %d products\n",
		s.rows, len(orders), sold, longest, products)
	_, _ = fmt.Fprintf(w, "left out: %d lines\n", s.rows-sold)
	for _, why := range slices.Sorted(maps.Keys(s.left)) {
		_, _ = fmt.Fprintf(w, "%8d  %s\n", s.left[why], why)
	}
}
