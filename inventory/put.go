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

	"github.com/redis/go-redis/v9"

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
	r := product.Replacement{ID: id, Spec: spec, IfMatch: ifMatch}
	done := product.Replaced{}
	call, err := putting(r)
	if err == nil {
		done, err = readPut(r, redisdb.Run(ctx, s.rdb, call)[0])
	}
	if err != nil {
		return product.Product{}, false, fmt.Errorf("put product %s: %w", id, err)
	}
	return done.Product, done.Created, nil
}

// PutMany is Put for many, with few round trips. Each result carries its own error:
// product.ErrNotTried where ctx ended before it was sent.
func (s *Store) PutMany(ctx context.Context, all []product.Replacement) []product.Replaced {
	results := make([]product.Replaced, len(all))
	errs := s.inPipelines(ctx, len(all),
		func(i int) string { return all[i].ID },
		func(i int) (redisdb.Call, error) { return putting(all[i]) },
		func(i int, a *redis.Cmd) (err error) { results[i], err = readPut(all[i], a); return err })
	for i, err := range errs {
		if err != nil {
			results[i].Err = fmt.Errorf("put product %s: %w", all[i].ID, err)
		}
	}
	return results
}

// putting is the script's call for one product.
func putting(r product.Replacement) (redisdb.Call, error) {
	if err := errors.Join(validIDs(r.ID), r.Spec.Validate()); err != nil {
		return redisdb.Call{}, err
	}
	request, remember := rand.Text(), rememberPut
	if r.Key != "" {
		request, remember = "key/"+r.Key, product.RememberKeyedPut
	}
	args, err := putArgs(r, remember)
	if err != nil {
		return redisdb.Call{}, err
	}
	return redisdb.Call{
		Script: putScript,
		Keys: []string{
			productKey(r.ID), productsKey(redisdb.Bucket(r.ID)), eventsKey(r.ID), putKey(r.ID, request), putKey(r.ID, replacement(args)),
		},
		Args: args,
	}, nil
}

func readPut(r product.Replacement, a *redis.Cmd) (product.Replaced, error) {
	answer, err := redisdb.Slice(a)
	if err != nil {
		return product.Replaced{}, err
	}
	switch code := text(answer, 0); code {
	case "PUT":
		p, err := decode(r.ID, pairs(answer[2]))
		p.DocVersion = number(answer, 3)
		return product.Replaced{Product: p, Created: text(answer, 1) == "1"}, err
	case "STALE":
		if *r.IfMatch == product.NotThere {
			return product.Replaced{}, product.ErrExists
		}
		return product.Replaced{}, product.ErrStale
	case "MOVED":
		return product.Replaced{}, &product.MovedError{Field: text(answer, 1), Now: text(answer, 2)}
	case "HELD_SKU":
		return product.Replaced{}, &product.HeldSKUError{
			SKU:   text(answer, 1),
			Stock: product.Stock{OnHand: number(answer, 2), Held: number(answer, 3)},
		}
	default:
		return product.Replaced{}, fmt.Errorf("the script answered %q", code)
	}
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

func putArgs(r product.Replacement, remember time.Duration) ([]any, error) {
	spec := r.Spec
	d := doc{Description: spec.Description, Attachments: spec.Attachments, VariantTitles: map[string]string{}}
	for _, v := range spec.Variants {
		if v.Title != "" {
			d.VariantTitles[v.SKU] = v.Title
		}
	}
	encoded, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("encode the description: %w", err)
	}
	terms, err := json.Marshal(product.Terms{Category: spec.Category, Tags: spec.Tags})
	if err != nil {
		return nil, fmt.Errorf("encode the category and tags: %w", err)
	}
	match := ""
	if r.IfMatch != nil {
		match = strconv.FormatInt(*r.IfMatch, 10)
	}
	limit := ""
	if spec.MaxPerOrder != nil {
		limit = strconv.FormatInt(*spec.MaxPerOrder, 10)
	}
	args := []any{r.ID, match, encoded, spec.Currency, string(spec.Status), limit, int64(remember / time.Second), flag(r.Key != ""), terms}
	for _, v := range spec.Variants {
		stock := ""
		if v.Stock != nil {
			stock = strconv.FormatInt(*v.Stock, 10)
		}
		args = append(args, v.SKU, v.Price, product.LineTitle(spec.Title, v.Title), stock)
	}
	return args, nil
}
