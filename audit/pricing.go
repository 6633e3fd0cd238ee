package audit

import (
	"context"
	"errors"
	"fmt"

	"holdfast/order"
	"holdfast/price"
)

// PriceBooks has the versions of the shop's price book: see pricebooks.Store.
type PriceBooks interface {
	// Get fails with price.ErrNoBook for a version that doesn't exist.
	Get(ctx context.Context, number int64) (price.Version, []byte, error)
}

// priceFindings checks that what an order costs follows from its lines and from the reasons that it
// gives.
func priceFindings(o *order.Order) []Finding {
	lines, sum, held := make([]order.LineRequest, len(o.Lines)), int64(0), false
	q := order.Quote{
		Currency: o.Currency, Lines: make([]order.QuotedLine, len(o.Lines)), Pricing: o.Pricing,
		Items: o.Amounts[order.AmountItems], Discount: o.Amounts[order.AmountDiscount], Shipping: o.Amounts[order.AmountShipping],
		Tax: o.Amounts[order.AmountTax], IncludedTax: o.Amounts[order.AmountIncludedTax], Total: o.Amounts[order.AmountTotal],
	}
	for i, l := range o.Lines {
		lines[i] = order.LineRequest{ProductID: l.ProductID, SKU: l.SKU, Quantity: l.Quantity}
		q.Lines[i] = order.QuotedLine{SKU: l.SKU, UnitPrice: l.UnitPrice, LinePrice: l.LinePrice}
		sum += l.Amount
		held = held || l.Amount != 0
	}
	differs := func(detail string) []Finding {
		return []Finding{{Kind: KindPriceDiffers, OrderID: o.ID, Detail: detail}}
	}
	for _, l := range o.Lines {
		if held && l.GiftFor != "" && l.Payable() != 0 {
			return differs(fmt.Sprintf("line %s is a gift, but costs %d", l.ID, l.Payable()))
		}
	}
	switch {
	case held && sum != q.Items:
		return differs(fmt.Sprintf("its lines cost %d, but its items are %d", sum, q.Items))
	case q.Pricing == nil && q.Total != q.Items:
		return differs(fmt.Sprintf("its items cost %d and nothing else is priced, but its total is %d", q.Items, q.Total))
	case q.Pricing == nil:
		return nil
	}
	if err := price.Verify(q, lines); err != nil {
		return differs(err.Error())
	}
	return nil
}

// booksOfDocuments suspects the orders that name a version of the price book which doesn't exist.
func (a *auditor) booksOfDocuments(ctx context.Context, docs []Document) error {
	for i := range docs {
		found, err := a.bookFindings(ctx, &docs[i].Order)
		if err != nil {
			return err
		}
		if len(found) > 0 {
			a.suspectOrder(docs[i].OrderID)
		}
	}
	return nil
}

// bookFindings checks that the version of the price book that an order names exists.
func (a *auditor) bookFindings(ctx context.Context, o *order.Order) ([]Finding, error) {
	if a.PriceBooks == nil || o.Pricing == nil || o.Pricing.Book == nil {
		return nil, nil
	}
	v := *o.Pricing.Book
	if a.books[v] {
		return nil, nil
	}
	stored, _, err := a.PriceBooks.Get(ctx, v.Number)
	switch {
	case err != nil && !errors.Is(err, price.ErrNoBook):
		return nil, fmt.Errorf("look for version %d of the price book: %w", v.Number, err)
	case err != nil || stored.BookVersion != v:
		return []Finding{{
			Kind: KindBookMissing, OrderID: o.ID, Detail: fmt.Sprintf("version %d of the price book with the hash %s, by which it was quoted, doesn't exist", v.Number, v.Hash),
		}}, nil
	}
	a.books[v] = true
	return nil, nil
}
