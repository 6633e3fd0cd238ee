package product

import "strings"

// FieldProblem names one field of a request and what is wrong with it.
type FieldProblem struct {
	// Path like "lines[2].quantity".
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

// Invalid collects everything that is wrong with a request.
type Invalid []FieldProblem //nolint:errname // product.Invalid reads well

// Add adds a problem.
func (i *Invalid) Add(path, reason string) {
	*i = append(*i, FieldProblem{Path: path, Reason: reason})
}

// OrNil returns the problems as an error, or nil if there are none.
func (i Invalid) OrNil() error {
	if len(i) == 0 {
		return nil
	}
	return i
}

func (i Invalid) Error() string {
	parts := make([]string, 0, len(i))
	for _, p := range i {
		parts = append(parts, p.Path+": "+p.Reason)
	}
	return strings.Join(parts, "; ")
}
