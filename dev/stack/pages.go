package stack

import (
	"crypto/rand"
	"fmt"
	"net/http"

	"holdfast/api"
	"holdfast/client"
	"holdfast/identity"
	"holdfast/web"
	"holdfast/web/session"
	"holdfast/web/site"
)

// The callers that the pages can be tried as.
const (
	demoCustomer = "ada"
	demoOperator = "operator"
)

// pages adds the pages to a gateway, at its address: the API's own paths go to the gateway, all others to
// the pages, which call the gateway over HTTP like any other program. It returns what ends their streams.
func (s *Stack) pages(cfg *api.Config, gatewayURL string) (func(), error) {
	if s.opts.WithoutPages {
		return func() {}, nil
	}
	gateway, err := client.New(client.Config{URL: gatewayURL, Connections: 64})
	if err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	personas, err := s.personas(cfg)
	if err != nil {
		return nil, err
	}
	pages, err := web.New(site.Config{
		Gateway: gateway, Secret: rand.Text() + rand.Text(), LinkSecret: rand.Text() + rand.Text(), Sessions: session.NewMemory(),
		Personas: personas, WorkflowsURL: s.workflowsURL(), StripeKey: s.opts.StripePublishable, Log: s.log(),
	})
	if err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	local := cfg.Identity == nil
	cfg.Front = func(gateway http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case cfg.Owns(r.URL.Path):
				gateway.ServeHTTP(w, r)
			case local && !api.IsLoopback(r.Host): // anyone may be the operator here: a page of another name must not
				http.Error(w, "Use localhost or 127.0.0.1.", http.StatusMisdirectedRequest)
			default:
				pages.ServeHTTP(w, r)
			}
		})
	}
	return pages.Close, nil
}

// workflowsURL is where Temporal's own pages list the workflows.
func (s *Stack) workflowsURL() string {
	if s.UIURL == "" {
		return ""
	}
	return s.UIURL + "/namespaces/" + s.Namespace + "/workflows"
}

// personas are whom a visitor may become where nothing authenticates callers.
func (s *Stack) personas(cfg *api.Config) ([]site.Persona, error) {
	if cfg.Identity != nil {
		return nil, nil
	}
	signer, err := identity.NewDevelopment()
	if err != nil {
		return nil, fmt.Errorf("tokens for development: %w", err)
	}
	cfg.Development = signer
	as := func(name string, role identity.Role) func() (string, error) {
		return func() (string, error) {
			return signer.Token(identity.Caller{Subject: name, Roles: []identity.Role{role}})
		}
	}
	personas := []site.Persona{
		{Name: demoCustomer, Kind: session.KindCustomer, Token: as(demoCustomer, identity.RoleCustomer)},
		{Name: demoOperator, Kind: session.KindStaff, Token: as(demoOperator, identity.RoleOperator)},
	}
	if cfg.Guests != nil {
		personas = append([]site.Persona{{Kind: session.KindGuest}}, personas...)
	}
	return personas, nil
}
