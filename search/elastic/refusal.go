package elastic

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"holdfast/search"
)

// cause is what Elasticsearch says went wrong.
type cause struct {
	Type     string  `json:"type"`
	Reason   string  `json:"reason"`
	CausedBy *cause  `json:"caused_by"`
	Roots    []cause `json:"root_cause"`
}

// String is for the log, and for whoever looks after a poisoned document.
func (c cause) String() string {
	said := c.Type + ": " + c.Reason
	if c.CausedBy != nil && !strings.Contains(said, c.CausedBy.Reason) {
		said += ": " + c.CausedBy.String()
	}
	return said
}

// refusal is an answer of Elasticsearch that is no success.
type refusal struct {
	request string
	status  int
	cause   cause
}

// newRefusal reads what it can: a proxy may answer in HTML.
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

// missing tells that an index or alias isn't there.
func missing(err error) bool {
	var r *refusal
	return errors.As(err, &r) && r.status == http.StatusNotFound
}

// ofView says where it is the view itself that isn't there.
func ofView(err error) error {
	var r *refusal
	if errors.As(err, &r) && r.cause.Type == "index_not_found_exception" {
		return fmt.Errorf("%w: %w", search.ErrNoView, err)
	}
	return err
}

// existsAlready tells that somebody else made the index first.
func existsAlready(err error) bool {
	var r *refusal
	return errors.As(err, &r) && r.cause.Type == "resource_already_exists_exception"
}

// byContent tells that the request itself was refused for what stands in it.
func byContent(err error) bool {
	var r *refusal
	return errors.As(err, &r) && (r.status == http.StatusBadRequest || r.status == http.StatusRequestEntityTooLarge)
}

// Mistakes of the caller's: calling again is in vain.
var (
	errForeign  = errors.New("not of this view")
	errReadOnly = errors.New("the index was opened for reading alone")
)

func known(v search.View) error {
	if v != search.ViewProducts && v != search.ViewOrders {
		return fmt.Errorf("view %q: %w", v, errForeign)
	}
	return nil
}
