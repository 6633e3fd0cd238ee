package activities

import "context"

// Compare compares the search views with the entities that they show.
type Compare struct {
	Run func(ctx context.Context, p CompareParams, progress func(RebuildProgress)) (CompareResult, error)
}

// CompareParams say how to compare.
type CompareParams struct {
	// Looks is how often something that looks off is looked at before it is a finding;
	// 0 is the audit's own number.
	Looks int `json:"looks,omitempty"`
}

// CompareResult is what a comparison found.
type CompareResult struct {
	Products int `json:"products"`
	Orders   int `json:"orders"`
	// Cold orders are in the view alone: they have left Redis.
	Cold     int `json:"cold"`
	Suspects int `json:"suspects"`
	// Findings are the first of all that were found; Found is how many that are.
	Findings []ViewFinding `json:"findings,omitempty"`
	Found    int           `json:"found"`
	Seconds  float64       `json:"seconds"`
}

// ViewFinding is one document of a view that differs from its entity.
type ViewFinding struct {
	Kind   string `json:"kind"`
	View   string `json:"view"`
	ID     string `json:"id"`
	Detail string `json:"detail"`
}

// Execute compares from the beginning.
func (a *Compare) Execute(ctx context.Context, p CompareParams) (CompareResult, error) {
	var res CompareResult
	err := beating(ctx, func(tell func(RebuildProgress)) (err error) {
		res, err = a.Run(ctx, p, tell)
		return err
	})
	return res, err
}
