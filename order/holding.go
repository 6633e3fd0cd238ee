package order

import (
	"fmt"

	"holdfast/product"
)

// Holding combines the products' answers to an order's lines. It is all that the workflow's
// history stores about a reservation.
type Holding struct {
	// Held is true if every line is held.
	Held     bool   `json:"held"`
	Currency string `json:"currency,omitempty"`
	// Items are the prices of the order's lines, one for one, if Held.
	Items []PricedItem `json:"items,omitempty"`
	// Shortages names every failing line, if not Held.
	Shortages []Shortage `json:"shortages,omitempty"`
	// Coupons names every coupon that the order can't use, if not Held.
	Coupons []CouponRefusal `json:"coupons,omitempty"`
	// Contended means that all shortages are due to other orders' holds, and this order
	// asked several products, so two orders may have blocked each other.
	Contended bool `json:"contended,omitempty"`
	// Ended means that this try was released before; another one may hold.
	Ended bool `json:"ended,omitempty"`
}

// PricedItem is the price at which a line was held.
type PricedItem struct {
	SKU   string `json:"sku"`
	Title string `json:"title"`
	Price int64  `json:"price"`
}

// Combine combines the answers of all products to one placement. They are in the order of
// p.HoldRequests.
func Combine(p Placement, answers []product.Hold) (Holding, error) {
	byID := make(map[string]product.Hold, len(answers))
	h := Holding{Held: true, Contended: len(answers) > 1}
	for _, a := range answers {
		byID[a.ProductID] = a
		switch a.Outcome {
		case product.HoldMade:
			if h.Currency == "" {
				h.Currency = a.Currency
			}
		case product.HoldRefused:
			h.Held = false
			for _, r := range a.Refusals {
				h.Contended = h.Contended && r.Contended()
				if r.Reason == product.ReasonTooManyOpenOrders || r.Reason == product.ReasonTooManyNetworkOrders {
					h.Shortages = append(h.Shortages, Refused(p, r.Reason)...)
					continue
				}
				h.Shortages = append(h.Shortages, shortages(p, a.ProductID, r)...)
			}
		case product.HoldEnded:
			h.Held, h.Ended = false, true
		case product.HoldConflict:
			return Holding{}, fmt.Errorf("product %s holds other lines for order %s", a.ProductID, p.OrderID)
		default:
			return Holding{}, fmt.Errorf("product %s answered %q", a.ProductID, a.Outcome)
		}
	}
	if h.Held {
		h.mixedCurrencies(p, byID)
	}
	if !h.Held {
		h.Items, h.Currency = nil, ""
		return h, nil
	}
	return h, h.price(p, byID)
}

// mixedCurrencies refuses a basket that can't be paid in one currency. That happens here
// only if the gateway could not check the products first.
func (h *Holding) mixedCurrencies(p Placement, byID map[string]product.Hold) {
	for _, l := range p.Lines {
		if byID[l.ProductID].Currency == h.Currency {
			continue
		}
		h.Held, h.Contended = false, false
		h.Shortages = append(h.Shortages, Shortage{
			ProductID: l.ProductID, SKU: l.SKU, Requested: l.Quantity, Reason: product.ReasonOtherCurrency,
		})
	}
}

func (h *Holding) price(p Placement, byID map[string]product.Hold) error {
	for _, l := range p.Lines {
		item, ok := heldItem(byID[l.ProductID].Items, l.SKU)
		if !ok {
			return fmt.Errorf("product %s held nothing of %q for order %s", l.ProductID, l.SKU, p.OrderID)
		}
		h.Items = append(h.Items, PricedItem{SKU: item.SKU, Title: item.Title, Price: item.Price})
	}
	return nil
}

// Claimed takes over the coupons' answers. Without a use of each, the order isn't held.
func (h *Holding) Claimed(answers []CouponHold) {
	for _, a := range answers {
		switch a.Outcome {
		case product.HoldMade:
			continue
		case product.HoldEnded:
			h.Ended = true
		case product.HoldRefused, product.HoldConflict:
			h.Coupons = append(h.Coupons, CouponRefusal{Code: a.Code, Reason: a.Reason})
		}
		h.Held, h.Items, h.Currency, h.Contended = false, nil, "", false
	}
}

func heldItem(items []product.HeldItem, sku string) (product.HeldItem, bool) {
	for _, it := range items {
		if it.SKU == sku || (sku == "" && len(items) == 1) {
			return it, true
		}
	}
	return product.HeldItem{}, false
}

// shortages converts a refusal to what the buyer reads. One that concerns the whole product
// names every requested variant.
func shortages(p Placement, productID string, r product.Refusal) []Shortage {
	s := Shortage{
		ProductID: productID, SKU: r.SKU, Requested: r.Requested, Available: r.Available, Reason: r.Reason,
		Limit: r.Limit,
	}
	if r.Reason == product.ReasonPriceChanged {
		price := r.Price
		s.CurrentPrice = &price
	}
	if r.Requested > 0 {
		return []Shortage{s}
	}
	var all []Shortage
	for _, it := range p.items(productID) {
		s.SKU, s.Requested = it.SKU, it.Quantity
		all = append(all, s)
	}
	return all
}

// Reasons to refuse an order as a whole.
const (
	// ReasonAmountTooLarge means that its total doesn't fit.
	ReasonAmountTooLarge product.RefusalReason = "amount_too_large"
	// ReasonDocumentTooLarge means that its document, titles included, would leave too little room: see
	// RoomToPlace.
	ReasonDocumentTooLarge product.RefusalReason = "order_too_large"
)

// TooLarge refuses all lines of a placement that is too large as a whole.
func TooLarge(p Placement, reason product.RefusalReason) Holding {
	return Holding{Shortages: Refused(p, reason)}
}

// Refused names all lines of a placement for a reason that concerns it as a whole.
func Refused(p Placement, reason product.RefusalReason) []Shortage {
	all := make([]Shortage, 0, len(p.Lines))
	for _, l := range p.Lines {
		all = append(all, Shortage{ProductID: l.ProductID, SKU: l.SKU, Requested: l.Quantity, Reason: reason})
	}
	return all
}

// gravity orders the reasons of a refusal: the first one that applies names the whole
// refusal.
var gravity = []product.RefusalReason{
	product.ReasonNotFound, product.ReasonUnknownSKU, product.ReasonNotListed, product.ReasonOtherCurrency, ReasonAmountTooLarge, ReasonDocumentTooLarge,
	product.ReasonTooManyOpenOrders, product.ReasonTooManyNetworkOrders, product.ReasonOverLimit, product.ReasonOverCustomerLimit, product.ReasonPriceChanged, product.ReasonOutOfStock,
}

// Gravest returns the reason that the buyer must resolve first.
func Gravest(shortages []Shortage) product.RefusalReason {
	for _, g := range gravity {
		for _, s := range shortages {
			if s.Reason == g {
				return g
			}
		}
	}
	return product.ReasonOutOfStock
}
