package api

import (
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

// Limits of bodies. Memory grows with the bytes that have arrived, never with a length that was
// only announced.
const (
	maxBodyBytes = 1 << 20
	// maxFormBytes limits callbacks and forms on providers' pages, which anyone may send.
	maxFormBytes = 64 << 10
	// firstBytes is allocated before any of a body has arrived: most bodies fit.
	firstBytes = 4 << 10

	// DefaultBodyBytes limits the total size of the bodies of all requests in flight.
	DefaultBodyBytes = 64 << 20
	// MinBodyBytes is the smallest total with which every caller can send the largest body.
	MinBodyBytes = callerPart * maxBodyBytes
	// Slow senders must not keep others from sending. So a caller may use an eighth of the
	// total, all callers of one network a quarter, and all callers three quarters. The last
	// quarter is for requests without a token, which anyone can send: an eighth for
	// callbacks, and another eighth for networks whose callbacks were signed and for providers'
	// pages. Within each of these, a network gets only a small share.
	callerPart, networkPart = 8, 4
	callersRest             = 4
	openPart, provenPart    = 8, 16
	pagesPart               = 16
	openNetworkPart         = 64
	provenNetworkPart       = 32

	// callbackWithin limits how long a callback's body may take: providers are machines with
	// fast connections, and an impostor must not occupy their share for longer.
	callbackWithin = 3 * time.Second
)

// readBody reads the whole body before the request's timeout starts: a slow connection is the
// caller's own problem and must not make the outcome of a request unknown. The body's memory is
// counted until the request is answered.
func (s *Server) readBody(c *gin.Context) {
	r := c.Request
	if c.FullPath() == "" || r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 {
		return
	}
	most, err := s.mostOf(c)
	if err != nil {
		c.Header("Connection", "close") // else the server would keep reading for a while
		s.fail(c, err)
		return
	}
	if isCallback(c.FullPath()) {
		// The server resets the deadline once the body has arrived. A connection that doesn't
		// support deadlines, as in tests, has only the server's own timeout.
		_ = http.NewResponseController(c.Writer).SetReadDeadline(time.Now().Add(callbackWithin))
	}
	held := room{s: s, holders: s.bodyHolders(c)}
	defer held.leave()
	s.metrics.reading.Inc()
	b, err := readAll(http.MaxBytesReader(c.Writer, r.Body, most), r.ContentLength, most, held.take)
	s.metrics.reading.Dec()
	if err != nil {
		c.Header("Connection", "close") // the rest of the body is still to come
		s.fail(c, bodyError(err, most))
		return
	}
	c.Set(gin.BodyBytesKey, b)
	c.Next()
}

// mostOf returns how large the body of this call may be. It refuses what can be refused before
// any of the body is read.
func (s *Server) mostOf(c *gin.Context) (int64, error) {
	most := int64(maxBodyBytes)
	switch c.Request.Method {
	case http.MethodPost, http.MethodPut, http.MethodPatch:
	default:
		return 0, malformed("", "a "+c.Request.Method+" has no body here")
	}
	route := c.FullPath()
	if route == paymentCallbacks && s.cfg.Providers[c.Param("provider")] == nil {
		return 0, errNoProvider
	}
	if route == carrierCallbacks && s.cfg.Carriers[c.Param("carrier")] == nil {
		return 0, errNoCarrier
	}
	if isCallback(route) || !strings.HasPrefix(route, "/v1/") {
		most = maxFormBytes
	}
	if c.Request.ContentLength > most {
		return 0, tooLarge(most)
	}
	return most, nil
}

func tooLarge(most int64) error {
	if most == maxFormBytes {
		return errFormTooLarge
	}
	return errTooLarge
}

func bodyError(err error, most int64) error {
	var tooMuch *http.MaxBytesError
	switch {
	case errors.As(err, &tooMuch):
		return tooLarge(most)
	case errors.Is(err, errAllTaken):
		return errTooManyBodies
	case errors.Is(err, errShareTaken):
		return errCallerBodies
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errSlowBody
	}
	return malformed("", "the body could not be read to its end")
}

// bodyHolders returns the holders whose shares a body counts against. With authentication off,
// all callers are programs on the same machine.
func (s *Server) bodyHolders(c *gin.Context) []share {
	if s.cfg.Identity == nil {
		return nil
	}
	all, from := s.cfg.BodyBytes, network(c.ClientIP())
	caller := callerFrom(c)
	switch {
	case caller.Subject != "":
		return []share{
			{"callers", all - all/callersRest}, {"network/" + from, all / networkPart}, {"caller/" + callerKeyOf(caller), all / callerPart},
		}
	case !isCallback(c.FullPath()):
		return []share{{"pages", all / pagesPart}, {"pages/" + from, all / openNetworkPart}}
	case s.proven.has(from):
		return []share{{"proven", all / provenPart}, {"proven/" + from, all / provenNetworkPart}}
	}
	return []share{{"open", all / openPart}, {"open/" + from, all / openNetworkPart}}
}

// room is the memory that one body occupies.
type room struct {
	s       *Server
	holders []share
	taken   int64
}

func (r *room) take(n int64) error {
	if err := r.s.bodies.take(n, r.holders); err != nil {
		return err
	}
	r.taken += n
	r.s.metrics.bodyBytes.Add(float64(n))
	return nil
}

func (r *room) leave() {
	r.s.bodies.give(r.taken, r.holders)
	r.s.metrics.bodyBytes.Sub(float64(r.taken))
}

// readAll reads a body of the given length, or of up to most bytes if the length is -1. It takes
// room for the bytes as they arrive.
func readAll(in io.Reader, length, most int64, take func(int64) error) ([]byte, error) {
	whole := most
	if length >= 0 {
		whole = length // the server ends the body there
	}
	size := min(whole, firstBytes)
	if err := take(size); err != nil {
		return nil, err
	}
	b := make([]byte, 0, size)
	for {
		n, err := in.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		switch {
		case int64(len(b)) == length:
			return b, nil
		case errors.Is(err, io.EOF) && length < 0:
			return b, nil
		case errors.Is(err, io.EOF):
			return nil, io.ErrUnexpectedEOF
		case err != nil:
			return nil, err
		case int64(len(b)) == whole: // no more may follow
			return b, expectEnd(in)
		case len(b) < cap(b):
			continue
		}
		size := min(whole, 2*int64(cap(b)))
		if err := take(size - int64(cap(b))); err != nil {
			return nil, err
		}
		b = append(make([]byte, 0, size), b...)
	}
}

// expectEnd returns nil if nothing follows.
func expectEnd(in io.Reader) error {
	var more [1]byte
	if _, err := io.ReadFull(in, more[:]); !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}
