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

// rule says who may make a call: everyone, or callers with one of some roles. A public call with
// roles shows more to callers who have one of them.
type rule struct {
	public bool
	roles  []Role
	// cost is charged to the caller's allowance; 0 counts as 1.
	cost int
	// deprecations are announced to the callers they affect.
	deprecations []deprecation
}

// as returns the caller with only those roles that allow the call. A caller with several roles is
// therefore staff in calls that one of their staff roles allows, and a customer in calls that only
// the customer role allows: customer and readonly together must not allow more than each alone.
func (r rule) as(c Caller) Caller {
	doesNot := func(role Role) bool { return !slices.Contains(r.roles, role) }
	if slices.ContainsFunc(c.Roles, doesNot) {
		c.Roles = slices.DeleteFunc(slices.Clone(c.Roles), doesNot)
	}
	return c
}

// access maps routes and methods to the rules for calling them.
type access map[string]map[string]rule

// pages are the prefixes of public routes that are not calls of the contract.
var pages = []string{"/docs", "/openapi.yaml", "/sandbox/", "/sandbox-carrier/"}

// of returns the rule of a call. An unknown path is public, so that everyone gets 404; a route
// that neither the contract nor pages names is for operators.
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

// operation is what the contract says about who may call an operation, and until when. An empty
// security list means everyone. So does a list with an empty alternative, which makes the token
// optional.
type operation struct {
	Ends       deprecable        `yaml:",inline"`
	Parameters []parameter       `yaml:"parameters"`
	ID         string            `yaml:"operationId"`
	Security   *[]map[string]any `yaml:"security"`
	Roles      []Role            `yaml:"x-roles"`
	Cost       int               `yaml:"x-cost"`
}

// contractAccess returns the rules of the gateway's own contract, which never change.
var contractAccess = sync.OnceValues(func() (access, error) { return readAccess(openapi.Contract()) })

// readAccess reads the rules from the contract, so that the published document is also the one
// that is enforced. It returns an error for an operation that doesn't say who may call it.
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
		return rule{}, fmt.Errorf("%s must have either `security: []` or x-roles with known roles", o.ID)
	}
	if !open && !slices.Contains(o.Roles, RoleOperator) {
		return rule{}, fmt.Errorf("%s is missing operator in its x-roles: operators may do everything", o.ID)
	}
	if reads := method == http.MethodGet; !open && reads != slices.Contains(o.Roles, RoleReadonly) {
		return rule{}, fmt.Errorf("%s: readonly belongs in the x-roles of every GET and of no other method", o.ID)
	}
	if o.Cost < 0 {
		return rule{}, fmt.Errorf("%s has an x-cost below 0", o.ID)
	}
	return rule{public: open || optional, roles: o.Roles, cost: o.Cost}, nil
}
