package inventory

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"holdfast/product"
	"holdfast/redisdb"
)

// rememberPut is how long a request to put a product is remembered: longer than any caller
// waits for its answer, so that none is repeated after that.
const rememberPut = time.Minute

// Put creates the product, or replaces its description, prices and set of variants; a spec
// that changes nothing returns the product unchanged. ifMatch is the docVersion that the
// caller read, product.NotThere to create only, nil for any. It fails with
// product.ErrStale, product.ErrExists, *product.MovedError or *product.HeldSKUError. If the
// answer is lost, the client repeats the request: its name lets the script recognise its
// own success. For a minute a caller, too, may repeat a replacement, as long as no other
// edit came since.
func (s *Store) Put(ctx context.Context, id string, spec product.Spec, ifMatch *int64) (p product.Product, created bool, err error) {
	if err := errors.Join(validIDs(id), spec.Validate()); err != nil {
		return product.Product{}, false, fmt.Errorf("put product %s: %w", id, err)
	}
	args, err := putArgs(id, spec, ifMatch)
	if err != nil {
		return product.Product{}, false, fmt.Errorf("put product %s: %w", id, err)
	}
	bucket := redisdb.Bucket(id)
	answer, err := redisdb.Slice(redisdb.Run(ctx, s.rdb, redisdb.Call{
		Script: putScript,
		Keys:   []string{productKey(id), productsKey(bucket), eventsKey(id), putKey(id, rand.Text()), putKey(id, replacement(args))},
		Args:   args,
	})[0])
	if err != nil {
		return product.Product{}, false, fmt.Errorf("put product %s: %w", id, err)
	}
	switch code := text(answer, 0); code {
	case "PUT":
		p, err = decode(id, pairs(answer[2]))
		if err != nil {
			return product.Product{}, false, fmt.Errorf("put product %s: %w", id, err)
		}
		p.DocVersion = number(answer, 3)
		return p, text(answer, 1) == "1", nil
	case "STALE":
		err = product.ErrStale
		if *ifMatch == product.NotThere {
			err = product.ErrExists
		}
	case "MOVED":
		err = &product.MovedError{Field: text(answer, 1), Now: text(answer, 2)}
	case "HELD_SKU":
		err = &product.HeldSKUError{
			SKU:   text(answer, 1),
			Stock: product.Stock{OnHand: number(answer, 2), Held: number(answer, 3)},
		}
	default:
		err = fmt.Errorf("the script answered %q", code)
	}
	return product.Product{}, false, fmt.Errorf("put product %s: %w", id, err)
}

// replacement names what a request does, so that its caller may repeat it: RFC 9110,
// section 13.1.1, lets a conditional request succeed that has already been applied.
func replacement(args []any) string {
	hash := sha256.New()
	for _, a := range args {
		part := fmt.Append(nil, a)
		if text, is := a.([]byte); is {
			part = text
		}
		hash.Write(fmt.Appendf(nil, "%d:%s", len(part), part))
	}
	return hex.EncodeToString(hash.Sum(nil))
}

func putArgs(id string, spec product.Spec, ifMatch *int64) ([]any, error) {
	d := doc{Description: spec.Description, VariantTitles: map[string]string{}}
	for _, v := range spec.Variants {
		if v.Title != "" {
			d.VariantTitles[v.SKU] = v.Title
		}
	}
	encoded, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("encode the description: %w", err)
	}
	match := ""
	if ifMatch != nil {
		match = strconv.FormatInt(*ifMatch, 10)
	}
	limit := ""
	if spec.MaxPerOrder != nil {
		limit = strconv.FormatInt(*spec.MaxPerOrder, 10)
	}
	args := []any{id, match, encoded, spec.Currency, string(spec.Status), limit, int64(rememberPut / time.Second)}
	for _, v := range spec.Variants {
		stock := ""
		if v.Stock != nil {
			stock = strconv.FormatInt(*v.Stock, 10)
		}
		args = append(args, v.SKU, v.Price, product.LineTitle(spec.Title, v.Title), stock)
	}
	return args, nil
}
