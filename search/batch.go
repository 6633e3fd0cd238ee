package search

// Batch is documents to put, in the order in which they are to be taken.
type Batch struct {
	Products []Product
	Orders   []Order
	// Events are kept for good: one that is there already is Ignored.
	Events []Event
}

// Outcome is what became of one document of a batch.
type Outcome string

const (
	// OutcomeStored: the document was newer than what was there, or the first one.
	OutcomeStored Outcome = "stored"
	// OutcomeIgnored: the same revision or a newer one is there already. That is success.
	OutcomeIgnored Outcome = "ignored"
	// OutcomePoisoned: the document can never be taken as it is; Reason says why. Putting
	// it again is in vain, the other documents of the batch are not concerned.
	OutcomePoisoned Outcome = "poisoned"
)

// Result is the outcome of one document.
type Result struct {
	ID      string
	Outcome Outcome
	Reason  string // of Poisoned
}

// Results are the outcomes of a batch, in the batch's own order.
type Results struct {
	Products []Result
	Orders   []Result
	Events   []Result
}

// Poisoned lists the documents that can't be taken, products first, events last.
func (r Results) Poisoned() []Result {
	var bad []Result
	for _, list := range [][]Result{r.Products, r.Orders, r.Events} {
		for _, one := range list {
			if one.Outcome == OutcomePoisoned {
				bad = append(bad, one)
			}
		}
	}
	return bad
}
