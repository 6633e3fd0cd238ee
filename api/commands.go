package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"holdfast/api/openapi"
	"holdfast/command"
	"holdfast/order"
	"holdfast/product"
)

// Commands are the shop's commands and the chains of its scenarios: see commands.Store. Errors are
// those of package command, or a product.Invalid.
type Commands interface {
	// Get returns a version of a command; 0 is the current one.
	Get(ctx context.Context, id string, number int64) (command.Command, error)
	// List returns up to limit commands by id, from the one behind after.
	List(ctx context.Context, limit int, after string) (page []command.Summary, more bool, err error)
	// Versions returns up to limit versions before this one, the newest first. 0 begins with the
	// current one.
	Versions(ctx context.Context, id string, limit int, before int64) ([]command.Summary, error)
	// Put stores the next version. ifMatch is a command.Tag, anyTag, "0" for none, or empty.
	Put(ctx context.Context, c command.Command, ifMatch, by string) (stored command.Command, isNew bool, err error)
	// Test runs a command's tests.
	Test(ctx context.Context, c command.Command) ([]command.Tested, error)
	Chains
}

// notThere is the ifMatch of a command that doesn't exist yet.
const notThere = "0"

// ListCommands implements ServerInterface.
func (s *Server) ListCommands(c *gin.Context, params openapi.ListCommandsParams) {
	page, err := s.listCommands(c.Request.Context(), params)
	if err != nil {
		s.fail(c, commandsError(err))
		return
	}
	c.JSON(http.StatusOK, page)
}

func (s *Server) listCommands(ctx context.Context, params openapi.ListCommandsParams) (openapi.CommandPage, error) {
	const of = "commands"
	limit, after, err := pageAsked(params.Limit, params.Cursor, of)
	if err != nil {
		return openapi.CommandPage{}, err
	}
	found, more, err := s.cfg.Commands.List(ctx, limit, string(after))
	if err != nil {
		return openapi.CommandPage{}, err
	}
	page := openapi.CommandPage{Items: append([]command.Summary{}, found...)}
	if more {
		page.NextCursor = refundCursor([]byte(found[len(found)-1].ID), of)
	}
	return page, nil
}

// GetCommand implements ServerInterface.
func (s *Server) GetCommand(c *gin.Context, id openapi.ID, _ openapi.GetCommandParams) {
	found, err := s.cfg.Commands.Get(c.Request.Context(), id, 0)
	s.finishCommand(c, found, false, err)
}

// GetCommandVersion implements ServerInterface.
func (s *Server) GetCommandVersion(c *gin.Context, id openapi.ID, number openapi.VersionNumber, _ openapi.GetCommandVersionParams) {
	if number < 1 {
		s.fail(c, malformed("number", "must be a version's number, 1 or more"))
		return
	}
	found, err := s.cfg.Commands.Get(c.Request.Context(), id, number)
	s.finishCommand(c, found, false, err)
}

// CreateCommand implements ServerInterface.
func (s *Server) CreateCommand(c *gin.Context) {
	var spec command.Spec
	if err := decode(c, &spec); err != nil {
		s.fail(c, err)
		return
	}
	ctx := c.Request.Context()
	stored, isNew, err := s.cfg.Commands.Put(ctx, spec.Command(), notThere, CallerOf(ctx).Subject)
	s.finishCommand(c, stored, isNew, err)
}

// PutCommand implements ServerInterface.
func (s *Server) PutCommand(c *gin.Context, id openapi.ID, params openapi.PutCommandParams) {
	stored, isNew, err := s.putCommand(c, id, params)
	s.finishCommand(c, stored, isNew, err)
}

func (s *Server) putCommand(c *gin.Context, id string, params openapi.PutCommandParams) (stored command.Command, isNew bool, err error) {
	var spec command.Spec
	if err := decode(c, &spec); err != nil {
		return stored, false, err
	}
	if spec.ID != "" && spec.ID != id {
		return stored, false, product.Invalid{{Path: "id", Reason: "must be that of the path, " + id}}
	}
	spec.ID = id
	match, err := bookMatch(params.IfMatch)
	if err != nil {
		return stored, false, err
	}
	ctx := c.Request.Context()
	return s.cfg.Commands.Put(ctx, spec.Command(), match, CallerOf(ctx).Subject)
}

// TryCommand implements ServerInterface.
func (s *Server) TryCommand(c *gin.Context) {
	var tried struct {
		command.Spec
		ID *string `json:"id"` // need not be there
	}
	err := decode(c, &tried)
	spec := tried.Spec
	if spec.ID = "draft"; tried.ID != nil {
		spec.ID = *tried.ID
	}
	var all []command.Tested
	if err == nil {
		all, err = s.cfg.Commands.Test(c.Request.Context(), spec.Command())
	}
	if err != nil {
		s.fail(c, commandsError(err))
		return
	}
	c.JSON(http.StatusOK, openapi.CommandTrial{Tests: append([]command.Tested{}, all...)})
}

// ListCommandVersions implements ServerInterface.
func (s *Server) ListCommandVersions(c *gin.Context, id openapi.ID, params openapi.ListCommandVersionsParams) {
	page, err := s.commandVersions(c.Request.Context(), id, params)
	if err != nil {
		s.fail(c, commandsError(err))
		return
	}
	c.JSON(http.StatusOK, page)
}

func (s *Server) commandVersions(ctx context.Context, id string, params openapi.ListCommandVersionsParams) (openapi.CommandPage, error) {
	of := "commands/" + id
	limit, before, err := versionsAsked(params.Limit, params.Cursor, of)
	if err != nil {
		return openapi.CommandPage{}, err
	}
	current, err := s.cfg.Commands.Get(ctx, id, 0)
	if err != nil {
		return openapi.CommandPage{}, err
	}
	if current.Behaviour == command.BehaviourGo {
		return openapi.CommandPage{Items: []command.Summary{current.Summary()}}, nil
	}
	found, err := s.cfg.Commands.Versions(ctx, id, limit, before)
	if err != nil {
		return openapi.CommandPage{}, err
	}
	page := openapi.CommandPage{Items: append([]command.Summary{}, found...)}
	if last := len(found) - 1; last >= 0 {
		page.NextCursor = versionCursor(found[last].Version, of)
	}
	return page, nil
}

// versionsAsked returns how many versions a page may have, and before which one it begins; 0 is
// behind the current one.
func versionsAsked(asked *int, cursor *string, of string) (limit int, before int64, err error) {
	limit, token, err := pageAsked(asked, cursor, of)
	if err != nil || len(token) == 0 {
		return limit, 0, err
	}
	if before, err = strconv.ParseInt(string(token), 10, 64); err != nil || before < 1 {
		return 0, 0, malformed("cursor", "is not the cursor of a page of this query")
	}
	return limit, before, nil
}

// versionCursor is the cursor of the page behind a version.
func versionCursor(last int64, of string) string {
	if last <= 1 {
		return ""
	}
	return refundCursor([]byte(strconv.FormatInt(last, 10)), of)
}

// finishCommand answers with a version of a command, or with a problem.
func (s *Server) finishCommand(c *gin.Context, found command.Command, created bool, err error) {
	if err != nil {
		s.fail(c, commandsError(err))
		return
	}
	location := ""
	if created {
		location = fmt.Sprintf("/v1/commands/%s/versions/%d", found.ID, found.Version)
	}
	s.answerVersion(c, found, command.Tag(found.Version, found.Hash), location)
}

// answerVersion answers with a document that has versions: with 201 if it is a new one, which has a
// location.
func (s *Server) answerVersion(c *gin.Context, document any, tag, location string) {
	b, err := json.Marshal(document)
	if err != nil {
		s.fail(c, fmt.Errorf("write %s: %w", tag, err))
		return
	}
	status := http.StatusOK
	if location != "" {
		status = http.StatusCreated
		c.Header("Location", location)
	}
	writeWithTag(c, status, jsonType, b, `"`+tag+`"`)
}

// commandsError returns a refusal unchanged, and marks any other error as unavailable commands.
func commandsError(err error) error {
	if errors.Is(err, command.ErrUnavailable) || problemOf(err).Status == http.StatusInternalServerError {
		return fmt.Errorf("%w: %w", errCommandsUnavailable, err)
	}
	return err
}

// Chains are the chains of the shop's scenarios.
type Chains interface {
	// Published returns the current versions.
	Published(ctx context.Context) (command.Published, error)
	// Chain returns a version; 0 is the current one.
	Chain(ctx context.Context, scenario order.Scenario, number int64) (command.Chain, error)
	// ChainVersions returns up to limit versions before this one, the newest first. 0 begins with
	// the current one.
	ChainVersions(ctx context.Context, scenario order.Scenario, limit int, before int64) ([]command.ChainSummary, error)
	Draft(ctx context.Context, scenario order.Scenario) (command.ChainDraft, error)
	// PutDraft saves a draft. ifMatch is a command.Tag, anyTag, command.NoDraft, or empty.
	PutDraft(ctx context.Context, scenario order.Scenario, steps []command.Step, ifMatch, by string) (command.ChainDraft, error)
	// Publish makes the draft the current version, and reports whether it is a new one. ifMatch is
	// that of the draft.
	Publish(ctx context.Context, scenario order.Scenario, ifMatch, by string) (c command.Chain, isNew bool, err error)
	// Rollback publishes an earlier version's steps. ifMatch is that of the current version.
	Rollback(ctx context.Context, scenario order.Scenario, to int64, ifMatch, by string) (c command.Chain, isNew bool, err error)
	// Prepare makes a chain ready to run.
	Prepare(ctx context.Context, c command.Chain) (*command.Prepared, error)
}
