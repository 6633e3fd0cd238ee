package inventory

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"holdfast/product"
	"holdfast/quota"
	"holdfast/redisdb"
)

// Hold asks each product for all of an order's lines of it, in one pipeline and in the
// order of the products' ids. Each product holds all of its lines or none; on a refusal
// nothing is undone here. The results are in the order of the requests. If a request counts
// towards the open orders of its customer or network, these claims are part of the same
// pipeline. After an error some products may hold: call it again.
func (s *Store) Hold(ctx context.Context, reqs []product.HoldRequest) ([]product.Hold, error) {
	order, err := inProductOrder(reqs)
	if err != nil {
		return nil, fmt.Errorf("hold: %w", err)
	}
	return s.reserve(ctx, reqs, order, false)
}

// inProductOrder checks the requests and returns their positions, sorted by product id. All
// orders ask in the same order, which keeps two of them from each taking the last unit that
// the other one needs.
func inProductOrder(reqs []product.HoldRequest) ([]int, error) {
	order := make([]int, len(reqs))
	for i, r := range reqs {
		order[i] = i
		if err := checkRequest(r); err != nil {
			return nil, fmt.Errorf("product %s for order %s: %w", r.ProductID, r.OrderID, err)
		}
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(reqs[a].ProductID, reqs[b].ProductID) })
	for i := 1; i < len(order); i++ {
		if id := reqs[order[i]].ProductID; id == reqs[order[i-1]].ProductID {
			return nil, fmt.Errorf("product %s is requested twice", id)
		}
	}
	return order, nil
}

func checkRequest(r product.HoldRequest) error {
	if err := validIDs(r.ProductID, r.OrderID); err != nil {
		return err
	}
	if r.MaxCustomerUnits < 0 || r.MaxOpenOrders < 0 || r.MaxNetworkOrders < 0 {
		return fmt.Errorf("limits of %d units, %d open orders and %d of a network: they can't be negative",
			r.MaxCustomerUnits, r.MaxOpenOrders, r.MaxNetworkOrders)
	}
	if r.MaxNetworkOrders > 0 && !product.ValidBuyer(r.Network) {
		return fmt.Errorf("%q can't be a network", r.Network)
	}
	if (r.MaxCustomerUnits > 0 || r.MaxOpenOrders > 0) && !product.ValidID(r.CustomerID) {
		return fmt.Errorf("%q can't be a customer's id", r.CustomerID)
	}
	if r.UnitsOf != "" && !product.ValidBuyer(r.UnitsOf) {
		return fmt.Errorf("%q can't be networks", r.UnitsOf)
	}
	if r.Try < 1 {
		return fmt.Errorf("try %d is below 1", r.Try)
	}
	if len(r.Lines) == 0 {
		return errors.New("no lines")
	}
	for _, l := range r.Lines {
		if l.Quantity < 1 || l.Quantity > product.MaxStock {
			return fmt.Errorf("quantity %d of sku %q must lie between 1 and %d", l.Quantity, l.SKU, product.MaxStock)
		}
	}
	return nil
}

// reserve runs the script for the requests at the given positions. With askOnly nothing is
// held: a product that could hold its lines answers as refused without refusals.
func (s *Store) reserve(ctx context.Context, reqs []product.HoldRequest, positions []int, askOnly bool) ([]product.Hold, error) {
	calls := make([]redisdb.Call, len(positions), len(positions)+2)
	var claims []claim
	for i, at := range positions {
		calls[i] = reserveCall(reqs[at], askOnly)
		if !askOnly {
			claims = append(claims, claimsOf(reqs[at], at)...)
		}
	}
	for _, c := range claims { // in other slots, but in the same round trip
		calls = append(calls, c.call)
	}
	answers := redisdb.Run(ctx, s.rdb, calls...)
	holds := make([]product.Hold, len(reqs))
	for i, at := range positions {
		h, err := readHold(reqs[at].ProductID, answers[i])
		if err != nil {
			return nil, fmt.Errorf("hold product %s for order %s: %w", reqs[at].ProductID, reqs[at].OrderID, err)
		}
		holds[at] = h
	}
	for i, c := range claims {
		claimed, err := quota.Claimed(answers[len(positions)+i])
		if err != nil {
			return nil, fmt.Errorf("hold for order %s: %w", reqs[c.at].OrderID, err)
		}
		if !claimed {
			refuseClaim(&holds[c.at], c.refusal)
		}
	}
	return holds, nil
}

// claim asks for an order's place among those of its customer or network.
type claim struct {
	call redisdb.Call
	// at is the position of the request that is refused if there is no place.
	at      int
	refusal product.RefusalReason
}

func claimsOf(r product.HoldRequest, at int) (claims []claim) {
	if r.MaxOpenOrders > 0 {
		claims = append(claims, claim{
			quota.Claim(r.CustomerID, r.MaxOpenOrders, r.Holder(), r.Deadline), at, product.ReasonTooManyOpenOrders,
		})
	}
	if r.MaxNetworkOrders > 0 {
		for i, network := range product.Buyers(r.Network) {
			claims = append(claims, claim{
				quota.Claim(network, product.LimitOf(r.MaxNetworkOrders, i), r.Holder(), r.Deadline), at, product.ReasonTooManyNetworkOrders,
			})
		}
	}
	return claims
}

// refuseClaim sets the answer for an order beyond a limit of open orders. The product may hold its
// lines all the same: as after any refusal, the saga releases them.
func refuseClaim(h *product.Hold, why product.RefusalReason) {
	if h.Outcome != product.HoldMade && h.Outcome != product.HoldRefused {
		return // ended, or a bug: that is more specific
	}
	*h = product.Hold{
		ProductID: h.ProductID, Outcome: product.HoldRefused,
		Refusals: append(h.Refusals, product.Refusal{Reason: why}),
	}
}

func reserveCall(r product.HoldRequest, askOnly bool) redisdb.Call {
	buyer, limits := "", "0"
	if r.MaxCustomerUnits > 0 {
		buyer = r.Buyer()
		limits = fmt.Sprint(r.MaxCustomerUnits, product.LimitOf(r.MaxCustomerUnits, 1))
	}
	args := make([]any, 0, 11+3*len(r.Lines))
	args = append(args, r.ProductID, r.OrderID, r.Try, r.Deadline.UnixMilli(), r.Currency,
		flag(r.Force), flag(askOnly), r.MaxUnits, placed(r.PlacedAt), buyer, limits)
	for _, l := range r.Lines {
		args = append(args, l.SKU, l.Quantity, l.Price)
	}
	return redisdb.Call{Script: reserveScript, Keys: holdKeys(r.ProductID, r.OrderID), Args: args}
}

// placed converts the placing time of an order for the scripts: in ms, 0 if unknown.
func placed(at time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return at.UnixMilli()
}

func flag(on bool) string {
	if on {
		return "1"
	}
	return "0"
}

func readHold(id string, cmd *redis.Cmd) (product.Hold, error) {
	h := product.Hold{ProductID: id}
	answer, err := redisdb.Slice(cmd)
	if err != nil {
		return h, err
	}
	switch code := text(answer, 0); code {
	case "HELD":
		h.Outcome, h.Currency, h.Listing = product.HoldMade, text(answer, 1), number(answer, 2)
		err = json.Unmarshal([]byte(text(answer, 3)), &h.Items)
	case "REFUSED":
		h.Outcome = product.HoldRefused
		err = json.Unmarshal([]byte(text(answer, 1)), &h.Refusals)
	case "FREE":
		h.Outcome = product.HoldRefused
	case "ENDED":
		h.Outcome = product.HoldEnded
	case "CONFLICT":
		h.Outcome = product.HoldConflict
	default:
		err = fmt.Errorf("the script answered %q", code)
	}
	return h, err
}
