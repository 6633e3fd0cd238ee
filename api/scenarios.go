package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"holdfast/api/openapi"
	"holdfast/command"
	"holdfast/order"
	"holdfast/product"
)

// ListScenarios implements ServerInterface.
func (s *Server) ListScenarios(c *gin.Context) {
	published, err := s.cfg.Commands.Published(c.Request.Context())
	if err != nil {
		s.fail(c, commandsError(err))
		return
	}
	var list openapi.ScenarioList
	for _, name := range command.Scenarios() {
		v := published[name]
		list.Items = append(list.Items, openapi.Scenario{
			Scenario: string(name), Version: v.Number, Hash: v.Hash, Paths: command.Allowed(name),
		})
	}
	c.JSON(http.StatusOK, list)
}

// scenarioOf returns the scenario that a path names.
func scenarioOf(name string) (order.Scenario, error) {
	if scenario := order.Scenario(name); command.KnownScenario(scenario) {
		return scenario, nil
	}
	return "", errNoScenario
}

// GetDraft implements ServerInterface.
func (s *Server) GetDraft(c *gin.Context, name openapi.ScenarioName, _ openapi.GetDraftParams) {
	scenario, err := scenarioOf(name)
	var d command.ChainDraft
	if err == nil {
		d, err = s.cfg.Commands.Draft(c.Request.Context(), scenario)
	}
	s.finishDraft(c, d, err)
}

// PutDraft implements ServerInterface.
func (s *Server) PutDraft(c *gin.Context, name openapi.ScenarioName, params openapi.PutDraftParams) {
	d, err := s.putDraft(c, name, params)
	s.finishDraft(c, d, err)
}

func (s *Server) putDraft(c *gin.Context, name string, params openapi.PutDraftParams) (command.ChainDraft, error) {
	scenario, err := scenarioOf(name)
	if err != nil {
		return command.ChainDraft{}, err
	}
	var in openapi.ChainSteps
	if err := decode(c, &in); err != nil {
		return command.ChainDraft{}, err
	}
	if in.Steps == nil {
		return command.ChainDraft{}, product.Invalid{{Path: "steps", Reason: "is required"}}
	}
	match, err := draftMatch(params)
	if err != nil {
		return command.ChainDraft{}, err
	}
	ctx := c.Request.Context()
	return s.cfg.Commands.PutDraft(ctx, scenario, in.Steps, match, CallerOf(ctx).Subject)
}

// draftMatch is what PutDraft of Commands takes as ifMatch.
func draftMatch(params openapi.PutDraftParams) (string, error) {
	created, err := precondition(params.IfMatch, params.IfNoneMatch, func(string) (*int64, error) { return nil, nil }) //nolint:nilnil // read below
	if err == nil && created != nil {
		return command.NoDraft, nil
	}
	if err != nil {
		return "", err
	}
	return bookMatch(params.IfMatch)
}

func (s *Server) finishDraft(c *gin.Context, d command.ChainDraft, err error) {
	if err != nil {
		s.fail(c, commandsError(err))
		return
	}
	s.answerVersion(c, d, command.Tag(d.Revision, d.Hash), "")
}

// PublishChain implements ServerInterface.
func (s *Server) PublishChain(c *gin.Context, name openapi.ScenarioName, params openapi.PublishChainParams) {
	scenario, err := scenarioOf(name)
	var match string
	if err == nil {
		match, err = bookMatch(params.IfMatch)
	}
	var published command.Chain
	var isNew bool
	if err == nil {
		ctx := c.Request.Context()
		published, isNew, err = s.cfg.Commands.Publish(ctx, scenario, match, CallerOf(ctx).Subject)
	}
	s.finishChain(c, published, isNew, err)
}

// RollbackChain implements ServerInterface.
func (s *Server) RollbackChain(c *gin.Context, name openapi.ScenarioName, params openapi.RollbackChainParams) {
	published, isNew, err := s.rollback(c, name, params)
	s.finishChain(c, published, isNew, chainError(err))
}

func (s *Server) rollback(c *gin.Context, name string, params openapi.RollbackChainParams) (published command.Chain, isNew bool, err error) {
	scenario, err := scenarioOf(name)
	if err != nil {
		return published, false, err
	}
	var in openapi.ChainRollback
	if err := decode(c, &in); err != nil {
		return published, false, err
	}
	if in.Version < 1 {
		return published, false, product.Invalid{{Path: "version", Reason: "must be a version's number, 1 or more"}}
	}
	match, err := bookMatch(params.IfMatch)
	if err != nil {
		return published, false, err
	}
	ctx := c.Request.Context()
	return s.cfg.Commands.Rollback(ctx, scenario, in.Version, match, CallerOf(ctx).Subject)
}

// GetChainVersion implements ServerInterface.
func (s *Server) GetChainVersion(c *gin.Context, name openapi.ScenarioName, number openapi.VersionNumber, _ openapi.GetChainVersionParams) {
	scenario, err := scenarioOf(name)
	if err == nil && number < 1 {
		err = malformed("number", "must be a version's number, 1 or more")
	}
	var found command.Chain
	if err == nil {
		found, err = s.cfg.Commands.Chain(c.Request.Context(), scenario, number)
	}
	s.finishChain(c, found, false, chainError(err))
}

// ListChainVersions implements ServerInterface.
func (s *Server) ListChainVersions(c *gin.Context, name openapi.ScenarioName, params openapi.ListChainVersionsParams) {
	page, err := s.chainVersions(c.Request.Context(), name, params)
	if err != nil {
		s.fail(c, commandsError(err))
		return
	}
	c.JSON(http.StatusOK, page)
}

func (s *Server) chainVersions(ctx context.Context, name string, params openapi.ListChainVersionsParams) (openapi.ChainPage, error) {
	scenario, err := scenarioOf(name)
	if err != nil {
		return openapi.ChainPage{}, err
	}
	of := "scenarios/" + name
	limit, before, err := versionsAsked(params.Limit, params.Cursor, of)
	if err != nil {
		return openapi.ChainPage{}, err
	}
	found, err := s.cfg.Commands.ChainVersions(ctx, scenario, limit, before)
	if err != nil {
		return openapi.ChainPage{}, err
	}
	page := openapi.ChainPage{Items: append([]command.ChainSummary{}, found...)}
	if last := len(found) - 1; last >= 0 {
		page.NextCursor = versionCursor(found[last].Version, of)
	}
	return page, nil
}

func (s *Server) finishChain(c *gin.Context, found command.Chain, created bool, err error) {
	if err != nil {
		s.fail(c, commandsError(err))
		return
	}
	location := ""
	if created {
		location = fmt.Sprintf("/v1/scenarios/%s/versions/%d", found.Scenario, found.Version)
	}
	s.answerVersion(c, found, command.Tag(found.Version, found.Hash), location)
}

// chainError says of a chain what command.ErrNotFound says of a command.
func chainError(err error) error {
	if errors.Is(err, command.ErrNotFound) {
		return errNoScenario
	}
	return err
}

// TryChain implements ServerInterface.
func (s *Server) TryChain(c *gin.Context, name openapi.ScenarioName) {
	trial, err := s.tryChain(c, name)
	if err != nil {
		s.fail(c, err)
		return
	}
	c.JSON(http.StatusOK, trial)
}

func (s *Server) tryChain(c *gin.Context, name string) (command.Trial, error) {
	scenario, err := scenarioOf(name)
	if err != nil {
		return command.Trial{}, err
	}
	var in openapi.ChainTry
	if err := decode(c, &in); err != nil {
		return command.Trial{}, err
	}
	if in.Steps != nil && in.Version != nil {
		return command.Trial{}, malformed("version", "can't stand beside steps")
	}
	if (in.View == nil) == (in.OrderID == nil) {
		return command.Trial{}, malformed("view", "exactly one of view and orderId is required")
	}
	ctx := c.Request.Context()
	view, err := s.viewToTry(ctx, in)
	if err != nil {
		return command.Trial{}, err
	}
	chain, err := s.chainToTry(ctx, scenario, in)
	if err != nil {
		return command.Trial{}, commandsError(err)
	}
	trial, err := chain.Try(ctx, view, s.cfg.Now().UTC().Truncate(time.Millisecond))
	if err != nil {
		return command.Trial{}, commandsError(err)
	}
	return trial, nil
}

func (s *Server) viewToTry(ctx context.Context, in openapi.ChainTry) (command.View, error) {
	if in.View != nil {
		return *in.View, nil
	}
	if !slices.ContainsFunc(CallerOf(ctx).Roles, readsOrders) {
		return command.View{}, errOrdersRole
	}
	f, err := s.find(ctx, *in.OrderID, 0)
	if err != nil {
		return command.View{}, err
	}
	var o order.Order
	if err := json.Unmarshal(f.doc, &o); err != nil {
		return command.View{}, fmt.Errorf("read the document of order %s: %w", *in.OrderID, err)
	}
	return command.ViewOf(&o), nil
}

// readsOrders reports whether a role that may try chains may also read orders: what a chain would
// change shows what is in the order.
func readsOrders(r Role) bool { return r == RoleOperator || r == RoleSupport }

func (s *Server) chainToTry(ctx context.Context, scenario order.Scenario, in openapi.ChainTry) (*command.Prepared, error) {
	chain := command.Chain{Scenario: scenario}
	switch {
	case in.Version != nil:
		if *in.Version < 1 {
			return nil, product.Invalid{{Path: "version", Reason: "must be a version's number, 1 or more"}}
		}
		published, err := s.cfg.Commands.Chain(ctx, scenario, *in.Version)
		if err != nil {
			return nil, chainError(err)
		}
		chain = published
	case in.Steps != nil:
		chain.Steps = *in.Steps
	default:
		d, err := s.cfg.Commands.Draft(ctx, scenario)
		if err != nil {
			return nil, err
		}
		chain.Steps = d.Steps
	}
	return s.cfg.Commands.Prepare(ctx, chain)
}
