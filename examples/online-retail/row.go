package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"holdfast/product"
)

// The columns of the file.
const (
	invoiceNo = iota
	stockCode
	description
	quantity
	invoiceDate
	unitPrice
	customerID
	country
	columns
)

// leftOut is why a line of the file is not a line of an order.
type leftOut string

const (
	cancellation leftOut = "cancellation (invoice begins with C)"
	noUnits      leftOut = "quantity not above 0 (write-offs and corrections)"
	noPrice      leftOut = "price 0 (samples and stock moves)"
	badPrice     leftOut = "price below 0 (bad debt)"
	beyond       leftOut = "order beyond the limits of an order"
)

// sale is one line that was sold.
type sale struct {
	invoice, customer string
	productID         string
	title             string
	quantity          int64
	pence             int64
}

// parse reads one row. If it is not a sale, it returns the reason.
func parse(row []string) (sale, leftOut, error) {
	units, err := strconv.ParseInt(row[quantity], 10, 64)
	if err != nil {
		return sale{}, "", fmt.Errorf("quantity: %w", err)
	}
	price, err := tenthPence(row[unitPrice])
	if err != nil {
		return sale{}, "", fmt.Errorf("price %q: %w", row[unitPrice], err)
	}
	switch {
	case strings.HasPrefix(row[invoiceNo], "C"):
		return sale{}, cancellation, nil
	case units <= 0:
		return sale{}, noUnits, nil
	case price == 0:
		return sale{}, noPrice, nil
	case price < 0:
		return sale{}, badPrice, nil
	}
	customer, _, _ := strings.Cut(row[customerID], ".") // 17850.0
	if customer == "" {
		customer = "guest-" + row[invoiceNo]
	}
	id := encodeID(row[stockCode])
	if !product.ValidID(id) || !product.ValidID(customer) {
		return sale{}, "", fmt.Errorf("stock code %q or customer %q is not a valid id", row[stockCode], customer)
	}
	return sale{
		invoice: row[invoiceNo], customer: customer, productID: id,
		title: strings.TrimSpace(row[description]), quantity: units, pence: roundUp(price),
	}, "", nil
}

// decimals of a price in the file: tenths of a penny occur.
const decimals = 3

// tenthPence reads a price in pounds, such as 2.55 or -11062.06, as tenths of a penny. Not
// as a float: money is counted exactly.
func tenthPence(s string) (int64, error) {
	digits, negative := strings.CutPrefix(s, "-")
	whole, fraction, _ := strings.Cut(digits, ".")
	if whole == "" || len(fraction) > decimals || strings.ContainsAny(digits, "+-") {
		return 0, errors.New("not an amount in pounds")
	}
	n, err := strconv.ParseInt(whole+fraction+strings.Repeat("0", decimals-len(fraction)), 10, 64)
	if err != nil {
		return 0, err
	}
	if negative {
		n = -n
	}
	return n, nil
}

// roundUp converts tenths of a penny to pence, so that no price above 0 becomes 0.
func roundUp(tenths int64) int64 { return (tenths + 9) / 10 }

const hex = "0123456789ABCDEF"

// encodeID converts a stock code to a valid id: characters that an id can't contain, such
// as the blank in "BANK CHARGES", become ~ and two hexadecimal digits. Different codes
// never become the same id, since ~ itself is encoded too.
func encodeID(code string) string {
	var b strings.Builder
	for i := range len(code) {
		c := code[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '_', c == '-':
			b.WriteByte(c)
		default:
			b.WriteByte('~')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		}
	}
	return b.String()
}

// decodeID is the inverse.
func decodeID(id string) (string, error) {
	var b strings.Builder
	for rest := id; rest != ""; {
		if rest[0] != '~' {
			b.WriteByte(rest[0])
			rest = rest[1:]
			continue
		}
		if len(rest) < 3 {
			return "", fmt.Errorf("id %q ends in the middle of a ~XX", id)
		}
		c, err := strconv.ParseUint(rest[1:3], 16, 8)
		if err != nil {
			return "", fmt.Errorf("id %q: %w", id, err)
		}
		b.WriteByte(byte(c))
		rest = rest[3:]
	}
	return b.String(), nil
}
