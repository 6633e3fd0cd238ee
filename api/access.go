package api

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"

	"holdfast/api/openapi"
)

// rule is who may make a call: everyone, or callers with one of some roles. A public call with
// roles shows callers with these roles more than others.
type rule struct {
	public bool
	roles  []Role
	// cost is what a call takes of its caller's allowance; 0 counts as 1.
	cost int
	// deprecations are announced to the callers that they concern.
	deprecations []deprecation
}

// as returns the caller with only those of their roles that allow the call. So whoever has
// several is staff in the calls that one of their staff roles allows, and a customer in those
// that only their being a customer does: customer and readonly must not add up to more.
func (r rule) as(c Caller) Caller {
	doesNot := func(role Role) bool { return !slices.Contains(r.roles, role) }
	if slices.ContainsFunc(c.Roles, doesNot) {
		c.Roles = slices.DeleteFunc(slices.Clone(c.Roles), doesNot)
	}
	return c
}

// access is who may make which call, by route and method.
type access map[string]map[string]rule

// pages are shown to everybody and are no calls of the contract: whatever begins so.
var pages = []string{"/docs", "/openapi.yaml", "/sandbox/"}

// of finds a call's rule. What is not there is answered as such to everybody; a route
// that neither the contract nor pages name is for operators.
func (a access) of(method, route string) rule {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if found, ok := a[route][method]; ok {
		return found
	}
	isPage := func(prefix string) bool { return strings.HasPrefix(route, prefix) }
	if route == "" || slices.ContainsFunc(pages, isPage) {
		return rule{public: true}
	}
	return rule{roles: []Role{RoleOperator}}
}

// operation is what the contract says about who may call, and until when. Security that is there and
// empty says everyone, and so does one of which an alternative is empty: then a token is
// optional.
type operation struct {
	Ends       deprecable        `yaml:",inline"`
	Parameters []parameter       `yaml:"parameters"`
	ID         string            `yaml:"operationId"`
	Security   *[]map[string]any `yaml:"security"`
	Roles      []Role            `yaml:"x-roles"`
	Cost       int               `yaml:"x-cost"`
}

// contractAccess is what the gateway's own contract says, which never changes.
var contractAccess = sync.OnceValues(func() (access, error) { return readAccess(openapi.Contract()) })

// readAccess reads from the contract who may call what, so that the document that is
// served is the one that counts. It refuses a call that doesn't say.
func readAccess(contract []byte) (access, error) {
	var doc struct {
		Paths map[string]struct {
			Parameters []parameter `yaml:"parameters"`
			Get        *operation  `yaml:"get"`
			Put        *operation  `yaml:"put"`
			Post       *operation  `yaml:"post"`
			Patch      *operation  `yaml:"patch"`
			Delete     *operation  `yaml:"delete"`
		} `yaml:"paths"`
		Components struct {
			Parameters map[string]parameter `yaml:"parameters"`
		} `yaml:"components"`
	}
	if err := yaml.Unmarshal(contract, &doc); err != nil {
		return nil, fmt.Errorf("gateway: read the contract: %w", err)
	}
	a := access{}
	for path, item := range doc.Paths {
		route := strings.NewReplacer("{", ":", "}", "").Replace(path)
		a[route] = map[string]rule{}
		for method, o := range map[string]*operation{
			http.MethodGet: item.Get, http.MethodPut: item.Put, http.MethodPost: item.Post,
			http.MethodPatch: item.Patch, http.MethodDelete: item.Delete,
		} {
			if o == nil {
				continue
			}
			declared, err := o.rule(method)
			if err == nil {
				declared.deprecations, err = o.deprecations(item.Parameters, doc.Components.Parameters)
			}
			if err != nil {
				return nil, fmt.Errorf("gateway: %s %s: %w", method, path, err)
			}
			a[route][method] = declared
		}
	}
	return a, nil
}

func (o operation) rule(method string) (rule, error) {
	open := o.Security != nil && len(*o.Security) == 0
	optional := o.Security != nil && slices.ContainsFunc(*o.Security, func(way map[string]any) bool { return len(way) == 0 })
	unknown := func(r Role) bool { return !r.Known() }
	if open != (len(o.Roles) == 0) || slices.ContainsFunc(o.Roles, unknown) {
		return rule{}, fmt.Errorf("%s says neither `security: []` nor an x-roles of roles that are known, or both", o.ID)
	}
	if !open && !slices.Contains(o.Roles, RoleOperator) {
		return rule{}, fmt.Errorf("%s is missing operator in its x-roles: operators may do everything", o.ID)
	}
	if reads := method == http.MethodGet; !open && reads != slices.Contains(o.Roles, RoleReadonly) {
		return rule{}, fmt.Errorf("%s: readonly belongs into the x-roles of each GET and of nothing else", o.ID)
	}
	if o.Cost < 0 {
		return rule{}, fmt.Errorf("%s has an x-cost below 0", o.ID)
	}
	return rule{public: open || optional, roles: o.Roles, cost: o.Cost}, nil
}
