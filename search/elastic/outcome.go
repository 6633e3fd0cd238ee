package elastic

import (
	"fmt"
	"net/http"
	"strings"

	"holdfast/search"
)

// bulkAnswer is the outcome of each document of a bulk request.
type bulkAnswer struct {
	Items []map[string]bulkItem `json:"items"`
}

type bulkItem struct {
	Status int   `json:"status"`
	Error  cause `json:"error"`
}

// tell stores the outcomes. It fails if one of them is unknown.
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
		of.result.Outcome = search.OutcomeStored
		return nil
	case http.StatusConflict: // the same or a newer one is stored
		of.result.Outcome = search.OutcomeIgnored
		return nil
	case http.StatusNotFound:
		return &absent{of.index}
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge:
		if b.Error.ofDocument() {
			poison(of.result, "the index refused it: "+b.Error.String())
			return nil
		}
	}
	return fmt.Errorf("bulk: put %s into %s: status %d: %s", of.result.ID, of.index, b.Status, b.Error)
}

// absent means that an alias for writing is missing: the view has another shape, or the
// rebuild is over.
type absent struct{ alias string }

func (e *absent) Error() string { return "there is no alias " + e.alias }

// Unwrap makes it a search.ErrOutdated for callers that don't know better.
func (*absent) Unwrap() error { return search.ErrOutdated }

// ofDocument reports whether the document itself is at fault, so that no index with this
// mapping can store it. All other refusals concern the index or the cluster (closed, full,
// limits), and the document is put again once they are over.
func (c cause) ofDocument() bool {
	switch c.Type {
	case "document_parsing_exception", "mapper_parsing_exception", "strict_dynamic_mapping_exception",
		"parsing_exception", "x_content_parse_exception", "x_content_e_o_f_exception", "json_parse_exception":
		return true
	case "illegal_argument_exception":
		for _, of := range []string{"immense term", "can't be longer than", "too large, must be", "malformed", "failed to parse"} {
			if strings.Contains(c.String(), of) {
				return true
			}
		}
	}
	return false
}
