package api

import (
	"fmt"
	"strings"

	"github.com/gin-gonic/gin"

	"holdfast/api/openapi"
	"holdfast/product"
	"holdfast/saga"
)

// ChangeAddress implements ServerInterface.
func (s *Server) ChangeAddress(c *gin.Context, id openapi.ID, params openapi.ChangeAddressParams) {
	r, err := s.readAddress(c, id, params.IfMatch)
	if err == nil && r.ByCustomer {
		r.Address, err = s.commandedAddress(c.Request.Context(), id, r.Address, s.chainHolders(c))
	}
	if err != nil {
		s.fail(c, err)
		return
	}
	answer, err := s.cfg.Sagas.Readdress(c.Request.Context(), id, r)
	s.finishChange(c, change{orderID: id, name: saga.AddressUpdate}, answer, err)
}

func (s *Server) readAddress(c *gin.Context, id string, ifMatch *string) (saga.AddressRequest, error) {
	var in openapi.AddressRequest
	if err := decode(c, &in); err != nil {
		return saga.AddressRequest{}, err
	}
	caller := CallerOf(c.Request.Context())
	r := saga.AddressRequest{
		Address: *in.Address.Normal(), Override: in.Override, Note: in.Note, Actor: caller.Subject, ByCustomer: !caller.Staff(),
	}
	if err := s.checkChange(c, id, func(bad *product.Invalid) {
		r.Address.Validate(bad)
		checkShort(bad, "note", in.Note)
		switch {
		case !in.Override:
		case !caller.Staff():
			bad.Add("override", "is for staff")
		case in.Note == "":
			bad.Add("note", "is required with override")
		}
	}); err != nil {
		return r, err
	}
	var err error
	if ifMatch != nil {
		r.Version, err = s.versionAt(c, id, strings.TrimSpace(*ifMatch))
	}
	return r, err
}

// versionAt returns the order's version, if the order as the caller may see it has the tag; 0 for any
// tag.
func (s *Server) versionAt(c *gin.Context, id, tag string) (int64, error) {
	if tag == anyTag {
		return 0, nil
	}
	if len(tag) < 2 || tag[0] != '"' || tag[len(tag)-1] != '"' || strings.Contains(tag[1:len(tag)-1], `"`) {
		return 0, malformed("If-Match", `must be one strong entity tag such as "q2Zk…", or *`)
	}
	doc, head, err := s.getOrder(c.Request.Context(), id, wait{}, nil)
	if err != nil {
		return 0, err
	}
	shown, err := orderFor(CallerOf(c.Request.Context()), doc)
	switch {
	case err != nil:
		return 0, fmt.Errorf("show order %s: %w", id, err)
	case tagOf(shown) != tag:
		return 0, errOrderChanged
	}
	return head.Version, nil
}
