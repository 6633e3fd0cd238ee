package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"holdfast/api/openapi"
	"holdfast/audit"
)

// Audits are the newest reports that audits have stored.
type Audits interface {
	// Latest returns a subject's report, or audit.ErrNotStored.
	Latest(ctx context.Context, of audit.Subject) (audit.Stored, error)
}

// LatestAudit implements ServerInterface.
func (s *Server) LatestAudit(c *gin.Context, params openapi.LatestAuditParams) {
	of := cmp.Or(audit.Subject(optional(params.Subject)), audit.SubjectBooks)
	if !slices.Contains(audit.Subjects(), of) {
		s.fail(c, malformed("subject", "must be books, money or views"))
		return
	}
	report, err := s.cfg.Audits.Latest(c.Request.Context(), of)
	if err != nil && !errors.Is(err, audit.ErrNotStored) {
		err = fmt.Errorf("%w: %w", errAudits, err)
	}
	if err != nil {
		s.fail(c, err)
		return
	}
	c.JSON(http.StatusOK, report)
}
