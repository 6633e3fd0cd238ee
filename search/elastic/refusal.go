package elastic

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"holdfast/search"
)

// cause is Elasticsearch's description of what went wrong.
type cause struct {
	Type     string  `json:"type"`
	Reason   string  `json:"reason"`
	CausedBy *cause  `json:"caused_by"`
	Roots    []cause `json:"root_cause"`
}

// String is for the log, and for operators who handle a poisoned document.
func (c cause) String() string {
	said := c.Type + ": " + c.Reason
	if c.CausedBy != nil && !strings.Contains(said, c.CausedBy.Reason) {
		said += ": " + c.CausedBy.String()
	}
	return said
}

// refusal is an unsuccessful answer from Elasticsearch.
type refusal struct {
	request string
	status  int
	cause   cause
}

// newRefusal reads as much as possible: a proxy may answer in HTML.
func newRefusal(r request, status int, answer []byte) *refusal {
	e := &refusal{request: r.method + " " + r.path, status: status}
	var body struct {
		Error cause `json:"error"`
	}
	if json.Unmarshal(answer, &body) == nil {
		e.cause = body.Error
	}
	return e
}

func (e *refusal) Error() string {
	return fmt.Sprintf("%s: status %d: %s", e.request, e.status, e.cause)
}

// missing reports whether an index or alias is missing.
func missing(err error) bool {
	var r *refusal
	return errors.As(err, &r) && r.status == http.StatusNotFound
}

// ofView returns the error for a missing view.
func ofView(err error) error {
	var r *refusal
	if errors.As(err, &r) && r.cause.Type == "index_not_found_exception" {
		return fmt.Errorf("%w: %w", search.ErrNoView, err)
	}
	return err
}

// existsAlready reports whether another program created the index first.
func existsAlready(err error) bool {
	var r *refusal
	return errors.As(err, &r) && r.cause.Type == "resource_already_exists_exception"
}

// byContent reports whether the request itself was refused because of its content.
func byContent(err error) bool {
	var r *refusal
	return errors.As(err, &r) && (r.status == http.StatusBadRequest || r.status == http.StatusRequestEntityTooLarge)
}

// Mistakes of the caller: a retry won't help.
var (
	errForeign  = errors.New("not of this view")
	errReadOnly = errors.New("the index was opened read-only")
)

func known(v search.View) error {
	if v != search.ViewProducts && v != search.ViewOrders {
		return fmt.Errorf("view %q: %w", v, errForeign)
	}
	return nil
}
