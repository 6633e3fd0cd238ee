package api

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

// policyPath is the path at which docs/api-policy.md is served.
const policyPath = "/docs/api-policy.md"

// minNotice is the least time between a deprecation and its sunset.
const minNotice = 180 * 24 * time.Hour

// deprecable is what the contract says about the end of an operation or a parameter.
type deprecable struct {
	Deprecated bool   `yaml:"deprecated"`
	At         string `yaml:"x-deprecated-at"`
	Sunset     string `yaml:"x-sunset"`
}

// parameter is a parameter of an operation, or a reference to a shared one.
type parameter struct {
	Ends deprecable `yaml:",inline"`
	Ref  string     `yaml:"$ref"`
	Name string     `yaml:"name"`
	In   string     `yaml:"in"`
}

// deprecation is announced to the callers it affects: all callers of an operation, or those who
// use its parameter.
type deprecation struct {
	at, sunset time.Time // a zero sunset is not decided yet
	parameter  parameter // without a name: the whole operation
}

// deprecations returns the deprecations of an operation, of the parameters of its path and of its
// own parameters. It returns an error for a deprecation without a date, and for a sunset that
// gives callers less notice than the policy promises.
func (o operation) deprecations(ofPath []parameter, shared map[string]parameter) ([]deprecation, error) {
	all := []parameter{{Ends: o.Ends}}
	for _, p := range slices.Concat(ofPath, o.Parameters) {
		if p.Ref != "" {
			p = shared[strings.TrimPrefix(p.Ref, "#/components/parameters/")]
		}
		all = append(all, p)
	}
	var found []deprecation
	for _, p := range all {
		d, err := p.Ends.read()
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", o.ID, p.Name, err)
		}
		if p.Ends.Deprecated {
			d.parameter = p
			found = append(found, d)
		}
	}
	return found, nil
}

func (d deprecable) read() (deprecation, error) {
	if !d.Deprecated {
		if d.At != "" || d.Sunset != "" {
			return deprecation{}, errors.New("x-deprecated-at and x-sunset need deprecated: true")
		}
		return deprecation{}, nil
	}
	at, err := time.Parse(time.DateOnly, d.At)
	if err != nil {
		return deprecation{}, fmt.Errorf("deprecated: true needs an x-deprecated-at such as 2027-01-31: %w", err)
	}
	if d.Sunset == "" {
		return deprecation{at: at}, nil
	}
	sunset, err := time.Parse(time.DateOnly, d.Sunset)
	if err != nil {
		return deprecation{}, fmt.Errorf("x-sunset must be a day such as 2027-07-31: %w", err)
	}
	if sunset.Sub(at) < minNotice {
		return deprecation{}, fmt.Errorf("x-sunset %s must be at least %d days after x-deprecated-at %s", d.Sunset, minNotice/(24*time.Hour), d.At)
	}
	return deprecation{at: at, sunset: sunset}, nil
}

// concerns reports whether a request uses the deprecated operation or parameter.
func (d deprecation) concerns(c *gin.Context) bool {
	switch d.parameter.In {
	case "":
		return true
	case "query":
		_, ok := c.GetQuery(d.parameter.Name)
		return ok
	case "header":
		return len(c.Request.Header.Values(d.parameter.Name)) > 0
	}
	return true // a path parameter, which every call has
}

// announce sets the headers that announce a deprecation (RFC 9745) and its end (RFC 8594).
func (a access) announce(c *gin.Context) {
	var at, sunset time.Time
	for _, d := range a.of(c.Request.Method, c.FullPath()).deprecations {
		if d.concerns(c) {
			at, sunset = earliest(at, d.at), earliest(sunset, d.sunset)
		}
	}
	if at.IsZero() {
		return
	}
	c.Header("Deprecation", "@"+strconv.FormatInt(at.Unix(), 10))
	if !sunset.IsZero() {
		c.Header("Sunset", sunset.Format(http.TimeFormat))
	}
	c.Writer.Header().Add("Link", "<"+policyPath+`>; rel="deprecation"; type="text/markdown"`)
}

// earliest returns the earlier of two times, ignoring zero times.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}
