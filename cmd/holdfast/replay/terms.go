package replay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
)

// checkTerms returns an error if what prices depend on is not given.
func (c Config) checkTerms() error {
	switch {
	case c.Shares.Members > 0 && c.Levels < 1:
		return errors.New("customers can get a member level only if it is said how many levels the price book has")
	case c.Shares.Couponed > 0 && c.Coupon == "":
		return errors.New("orders can use a coupon only if it is named")
	}
	return nil
}

// levelOf draws a customer's member level, 0 for none. It depends on nothing but the seed and the
// customer, so that all of a customer's orders have it.
func (c Config) levelOf(customerID string) int {
	name := fnv.New64a()
	_, _ = name.Write([]byte(customerID))
	draw := rand.New(rand.NewPCG(c.Seed, name.Sum64())) //nolint:gosec // repeatable on purpose
	if draw.Float64() >= c.Shares.Members {
		return 0
	}
	return 1 + draw.IntN(c.Levels)
}

// request is the line's request with what the order's fate adds to it. A customer who is a member gets
// their level before their first order.
func (j *journey) request(ctx context.Context) ([]byte, error) {
	if j.Shares.Members == 0 && !j.fate.couponed {
		return j.line.Body, nil
	}
	var body map[string]any
	if err := json.Unmarshal(j.line.Body, &body); err != nil {
		return nil, fmt.Errorf("read the line: %w", err)
	}
	if id, _ := body["customerId"].(string); id != "" && j.Shares.Members > 0 {
		if err := j.promote(ctx, id); err != nil {
			return nil, err
		}
	}
	if j.fate.couponed {
		body["couponCodes"] = []string{j.Coupon}
	}
	return json.Marshal(body)
}

// promote gives a customer their level, once in a run.
func (j *journey) promote(ctx context.Context, customerID string) error {
	level := j.levelOf(customerID)
	if level == 0 {
		return nil
	}
	if _, done := j.promoted.Load(customerID); done {
		return nil
	}
	err := j.patient(ctx, func(ctx context.Context) error {
		_, err := j.Gateway.PatchCustomer(ctx, customerID, "", map[string]any{"level": level})
		return err
	})
	if err != nil {
		return fmt.Errorf("give customer %s their level: %w", customerID, err)
	}
	j.promoted.Store(customerID, true)
	return nil
}
