package api

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"holdfast/api/openapi"
	"holdfast/order"
	"holdfast/product"
	"holdfast/saga"
)

// change is a request that changes a paid order.
type change struct {
	orderID string
	// name of the update, for errors.
	name string
	// fingerprint of the request, if its key is compared with it.
	fingerprint string
	// short is the problem if more units were requested than there are, unknown the error if the order
	// doesn't have what the request is about.
	short   kind
	unknown error
}

// changed returns the order's document, including refunds, after its saga has made the change.
// saga.ErrUndecided means that the saga is still at work on it.
func (s *Server) changed(ctx context.Context, r change, a saga.Answer, err error) ([]byte, error) {
	if errors.Is(err, saga.ErrNotFound) { // closed and forgotten, or never placed
		if _, _, err = s.readOrder(ctx, r.orderID, 0); err == nil {
			err = errOrderClosed
		}
	}
	if err == nil {
		err = r.refusal(CallerOf(ctx), a)
	}
	if err != nil {
		return nil, fmt.Errorf("%s, order %s: %w", r.name, r.orderID, err)
	}
	return s.current(ctx, r.orderID, a.Version)
}

// refusal returns the error for a saga's answer, or nil if the change is made.
func (r change) refusal(caller Caller, a saga.Answer) error {
	if r.fingerprint != "" && a.Fingerprint != "" && a.Fingerprint != r.fingerprint {
		return errMismatch // of the first request under this key
	}
	switch a.Verdict { //nolint:exhaustive // the others need no more than the verdict
	case saga.VerdictUnits:
		if bad := unknownLines(a.Lines); bad != nil && r.short == unitsPacked { // none of its units is packed
			return bad
		}
		p := r.short.problem(r.short.err.Error())
		p.Lines = a.Lines
		return p
	case saga.VerdictUnknown:
		if a.Detail == order.ErrUnknownPackage.Error() {
			return order.ErrUnknownPackage
		}
		return r.unknown
	case saga.VerdictLimit:
		return limitReached.problem(a.Detail)
	case saga.VerdictNoStock:
		return refusal(shortagesFor(caller, a.Shortages))
	}
	return verdictError(a.Verdict, errOrderClosed)
}

// unknownLines returns the error for lines that the order doesn't have, or nil.
func unknownLines(short []order.UnitsShort) error {
	var bad product.Invalid
	for _, l := range short {
		if l.Unknown {
			bad.Add("lines", "the order has no line "+l.LineID)
		}
	}
	return bad.OrNil()
}

// finishChange answers the caller with the order as the change has left it.
func (s *Server) finishChange(c *gin.Context, r change, a saga.Answer, err error) {
	s.finishWith(c, r, a, err, func(doc []byte) { s.writeOrder(c, http.StatusOK, doc) })
}

// finishWith answers the caller by a function of the order's document, or with the order if its saga
// is still at work.
func (s *Server) finishWith(c *gin.Context, r change, a saga.Answer, err error, write func(doc []byte)) {
	if errors.Is(err, saga.ErrUndecided) {
		s.answerUndecided(c, r.orderID)
		return
	}
	doc, err := s.changed(c.Request.Context(), r, a, err)
	if err != nil {
		s.fail(c, err)
		return
	}
	write(doc)
}

// checkChange reads a request's body and returns an error if it is invalid or about another
// customer's order.
func (s *Server) checkChange(c *gin.Context, orderID string, check func(bad *product.Invalid)) error {
	var bad product.Invalid
	check(&bad)
	return cmp.Or(bad.OrNil(), s.checkOwner(c.Request.Context(), orderID))
}

// fingerprintOf distinguishes two bodies under one key by what they request, not by how they are written.
func fingerprintOf(body any) (string, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return "", fmt.Errorf("take the fingerprint of a request: %w", err)
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:16]), nil
}

// checkUnits adds problems for units of lines that can't be requested.
func checkUnits(bad *product.Invalid, path string, units []order.LineUnits) {
	if len(units) == 0 || len(units) > order.MaxLines {
		bad.Add(path, fmt.Sprintf("must have 1 to %d", order.MaxLines))
		return
	}
	for i, u := range units {
		checkUnit(bad, path+"["+strconv.Itoa(i)+"].", u)
	}
}

func checkUnit(bad *product.Invalid, at string, u order.LineUnits) {
	if !product.ValidID(u.LineID) {
		bad.Add(at+"lineId", "must match [A-Za-z0-9._~-]{1,64}")
	}
	if u.Quantity < 1 || u.Quantity > order.MaxQuantity {
		bad.Add(at+"quantity", fmt.Sprintf("must lie between 1 and %d", order.MaxQuantity))
	}
}

// checkShort adds problems for a text that isn't short and on one line.
func checkShort(bad *product.Invalid, path, text string) {
	if len(text) > order.MaxFieldBytes {
		bad.Add(path, fmt.Sprintf("at most %d bytes", order.MaxFieldBytes))
	}
	product.CheckText(bad, path, text)
}

// readNote reads the optional note of a request.
func readNote(c *gin.Context) (string, error) {
	var in openapi.NoteRequest
	if err := decodeOptional(c, &in); err != nil {
		return "", err
	}
	var bad product.Invalid
	checkShort(&bad, "note", in.Note)
	return in.Note, bad.OrNil()
}
