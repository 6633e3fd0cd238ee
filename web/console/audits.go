package console

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"holdfast/client"
)

// auditSubjects are what is audited, each with a report of its own.
var auditSubjects = []string{client.AuditOfBooks, client.AuditOfMoney, client.AuditOfViews}

// auditsAge is how old a report may be before it says little: audits are meant to run every night.
const auditsAge = 48 * time.Hour

// auditOf is what is known about one subject.
type auditOf struct {
	Subject string
	// Report is nil if no audit has stored one.
	Report *client.Audit
}

// old reports whether the last audit was so long ago that it is worth asking why.
func (a auditOf) old(now time.Time) bool {
	return a.Report != nil && now.Sub(a.Report.EndedAt) > auditsAge
}

// latestAudits reads the last report of each subject.
func (v *visit) latestAudits() ([]auditOf, error) {
	all := make([]auditOf, len(auditSubjects))
	reads := make([]func() error, len(auditSubjects))
	for i, subject := range auditSubjects {
		all[i].Subject = subject
		reads[i] = func() error {
			report, err := v.api.LatestAudit(v.R.Context(), subject)
			if problem(err, "unknown-audit") != nil {
				return nil
			}
			all[i].Report = &report
			return err
		}
	}
	return all, together(reads...)
}

func (c *Console) auditsPage(v *visit) error {
	all, err := v.latestAudits()
	if err != nil {
		return err
	}
	return v.Render(http.StatusOK, auditsView(v, all))
}

// auditTasks are audits that found something, and those that no longer run.
func auditTasks(v *visit) ([]task, error) {
	all, err := v.latestAudits()
	if err != nil {
		return nil, err
	}
	var tasks []task
	for _, a := range all {
		t := task{Kind: "audit", Verb: "console.task.look", Link: "/console/audits#" + a.Subject}
		switch {
		case a.Report == nil:
			continue
		case a.Report.Found > 0:
			t.Grave, t.Since, t.Note = true, a.Report.EndedAt, kindWords(v, a.Report.Kinds)
			t.Title = v.Text.N("console.task.audit", int64(a.Report.Found), "subject", v.Text.T("console.audit."+a.Subject))
		case a.old(v.Now()):
			t.Since = a.Report.EndedAt
			t.Title = v.Text.T("console.task.auditOld", "subject", v.Text.T("console.audit."+a.Subject))
		default:
			continue
		}
		tasks = append(tasks, t)
	}
	return tasks, nil
}

// kindWords list the kinds of findings, with how many there are of each.
func kindWords(v *visit, kinds map[string]int) string {
	var words []string
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		words = append(words, kind+" × "+v.Text.Number(int64(kinds[kind])))
	}
	return strings.Join(words, ", ")
}

// returnTasks are orders with a return that waits for a decision.
func returnTasks(v *visit) ([]task, error) {
	page, err := v.api.Orders(v.R.Context(), client.OrderFilter{Return: []string{string(client.ReturnRequested)}, Limit: mostOf})
	if err != nil {
		return nil, err
	}
	var tasks []task
	for _, o := range page.Items {
		tasks = append(tasks, task{
			Kind: "return", Since: o.UpdatedAt, Order: o.ID, Title: v.Text.T("console.task.return"), Note: o.CustomerID,
			Verb: "console.task.decide", Link: orderLink(o.ID) + "#returns",
		})
	}
	return tasks, nil
}
