package search

// Batch is documents to put, in the order in which they are to be stored.
type Batch struct {
	Products []Product
	Orders   []Order
	// Events are permanent: one that is already stored is Ignored.
	Events []Event
}

// Outcome is the result for one document of a batch.
type Outcome string

const (
	// OutcomeStored means that the document was newer than the stored one, or the first
	// one.
	OutcomeStored Outcome = "stored"
	// OutcomeIgnored means that the same or a newer revision is already stored, which is a
	// success.
	OutcomeIgnored Outcome = "ignored"
	// OutcomePoisoned means that the document can never be stored as it is; Reason says
	// why. Putting it again won't help. The other documents of the batch are not affected.
	OutcomePoisoned Outcome = "poisoned"
)

// Result is the outcome of one document.
type Result struct {
	ID      string
	Outcome Outcome
	Reason  string // if Poisoned
}

// Results are the outcomes of a batch, in the order of the batch.
type Results struct {
	Products []Result
	Orders   []Result
	Events   []Result
}

// Poisoned lists the documents that can't be stored, products first, events last.
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
