package api

import (
	"bytes"
	"cmp"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"

	"holdfast/api/openapi"
)

// problemPath is the path of the pages that explain problem types.
const problemPath = "/problems/"

// namedKinds are the kinds that problemOf doesn't find in the table.
var namedKinds = []kind{
	invalidValues, malformedRequest, internalError, variantInStock, movesByItself, stockHeld, notListed,
	limitReached, overPacked, overReturned, unitsPacked, notQuotable, couponRefused, orderRefused, scriptFailed,
}

// problemTypes returns explanations of all problem types, by name. They are made from the same
// tables as the responses, so that every type has an explanation.
func problemTypes() map[string]openapi.ProblemType {
	types := map[string]openapi.ProblemType{}
	add := func(k kind) {
		t := types[k.name]
		t.Type = problemPath + k.name
		m := openapi.ProblemMeaning{Status: k.status, Title: k.title, Advice: advice(k.status)}
		if k.err != nil {
			m.Detail = k.err.Error()
		}
		m.RetryAfter = int64(k.retry / time.Second)
		if !slices.Contains(t.Meanings, m) {
			t.Meanings = append(t.Meanings, m)
		}
		types[k.name] = t
	}
	for _, k := range slices.Concat(kinds, namedKinds) {
		add(k)
	}
	for _, reason := range slices.Sorted(maps.Keys(refusalKinds)) {
		add(refusalKinds[reason])
	}
	for _, t := range types {
		slices.SortStableFunc(t.Meanings, func(a, b openapi.ProblemMeaning) int { return cmp.Compare(a.Status, b.Status) })
	}
	return types
}

// advice returns what a caller can do about a problem with this status.
func advice(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "Send a valid token, or for a callback a valid signature."
	case http.StatusForbidden:
		return "Use a caller whose roles allow the call."
	case http.StatusConflict, http.StatusPreconditionFailed:
		return "Read the current state and decide again: as it is now, it does not allow the call."
	case http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusRequestTimeout:
		return "Repeat the call after the time in Retry-After, with the same Idempotency-Key if it had one."
	case http.StatusInternalServerError:
		return "Report the requestId to the operators: the log says what happened."
	case statusClientGone:
		return "None: the client disconnected before the response."
	}
	return "Change the call: without changes it will be refused again."
}

var problemPage = template.Must(template.New("problem").Parse(`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{.Type}}</title></head>
<body>
<h1><code>{{.Type}}</code></h1>
{{range .Meanings}}<h2>{{.Status}} {{.Title}}</h2>
{{with .Detail}}<p>{{.}}</p>
{{end}}<p>{{.Advice}}</p>
{{with .RetryAfter}}<p>Retry-After: {{.}} s</p>
{{end}}{{end}}</body>
</html>
`))

// ProblemType implements ServerInterface. It explains a problem type, as a page for browsers.
func (s *Server) ProblemType(c *gin.Context, name string, _ openapi.ProblemTypeParams) {
	t, ok := s.problemTypes[name]
	if !ok {
		s.fail(c, errNoRoute)
		return
	}
	c.Writer.Header().Add("Vary", "Accept")
	c.Header("Cache-Control", revalidate)
	if c.NegotiateFormat(gin.MIMEJSON, gin.MIMEHTML) == gin.MIMEHTML {
		var page bytes.Buffer
		if err := problemPage.Execute(&page, t); err != nil {
			s.fail(c, err)
			return
		}
		writeTagged(c, http.StatusOK, "text/html; charset=utf-8", page.Bytes())
		return
	}
	b, err := json.Marshal(t)
	if err != nil {
		s.fail(c, err)
		return
	}
	writeTagged(c, http.StatusOK, jsonType, b)
}
