package elastic

import (
	"fmt"
	"net/http"

	"holdfast/search"
)

// bulkAnswer tells what became of each document of a bulk request.
type bulkAnswer struct {
	Items []map[string]bulkItem `json:"items"`
}

type bulkItem struct {
	Status int   `json:"status"`
	Error  cause `json:"error"`
}

// tell writes the outcomes. It fails where something isn't known of all of them.
func (a bulkAnswer) tell(items []item) error {
	if len(a.Items) != len(items) {
		return fmt.Errorf("bulk: %d answers to %d documents", len(a.Items), len(items))
	}
	for i, answer := range a.Items {
		for _, one := range answer {
			if err := one.tell(items[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b bulkItem) tell(of item) error {
	switch b.Status {
	case http.StatusOK, http.StatusCreated:
		of.result.Outcome = search.Stored
		return nil
	case http.StatusConflict: // the same or a newer one is there
		of.result.Outcome = search.Ignored
		return nil
	case http.StatusNotFound:
		return &absent{of.index}
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge:
		if b.Error.Type != "validation_exception" { // that is the cluster's limits, not the document
			poison(of.result, "the index refused it: "+b.Error.String())
			return nil
		}
	}
	return fmt.Errorf("bulk: put %s into %s: status %d: %s", of.result.ID, of.index, b.Status, b.Error)
}

// absent says that an alias for putting is not there: the view has another shape, or
// the rebuild is over.
type absent struct{ alias string }

func (e *absent) Error() string { return "nothing is put under " + e.alias }

// Unwrap makes it search.ErrOutdated for whoever doesn't know better.
func (*absent) Unwrap() error { return search.ErrOutdated }
