package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"holdfast/audit"
	"holdfast/carrier"
	"holdfast/command"
	"holdfast/coupon"
	"holdfast/customer"
	"holdfast/identity"
	"holdfast/order"
	"holdfast/payment"
	"holdfast/price"
	"holdfast/product"
	"holdfast/saga"
	"holdfast/webhook"
)

// Reasons for refusing a call, in addition to the errors of the domain.
var (
	errNoRoute              = errors.New("there is nothing at this path")
	errNoMethod             = errors.New("this path doesn't support the method")
	errMediaType            = errors.New("the body must have one Content-Type, application/json")
	errLinesType            = errors.New("the body must have one Content-Type, application/jsonl or application/x-ndjson")
	errPatchType            = errors.New("the body must have one Content-Type, application/merge-patch+json")
	errEncoding             = errors.New("the body must not have a Content-Encoding")
	errTooLarge             = fmt.Errorf("the body is larger than %d bytes", maxBodyBytes)
	errFormTooLarge         = fmt.Errorf("the body is larger than %d bytes, the limit of a callback or a form", maxFormBytes)
	errTooManyBodies        = errors.New("the bodies of all callers use up the memory that is reserved for bodies")
	errCallerBodies         = errors.New("the bodies that this caller, this network, or all callers without a token are sending exceed their share of memory")
	errSlowBody             = errors.New("the body did not arrive in time")
	errTimeout              = errors.New("the request took too long; its outcome is not known")
	errNoOrder              = errors.New("no such order")
	errNoSKU                = errors.New("sku is required if a product has several variants")
	errNoProvider           = errors.New("no such payment provider")
	errNoKey                = errors.New("this call needs an Idempotency-Key: without one, a repeated call could take effect twice")
	errMismatch             = errors.New("this Idempotency-Key was used with another body")
	errStockUnavailable     = errors.New("the order was rejected, because the stock could not be checked within the payment window")
	errPanic                = errors.New("a handler panicked")
	errNotCancellable       = errors.New("the order has already ended")
	errPaid                 = errors.New("the order is paid")
	errNotPayable           = errors.New("the order has ended and can't be paid")
	errEnding               = errors.New("the order is about to end and accepts no new payment")
	errTooManyAttempts      = errors.New("the order has reached its limit of attempts by customers; operators can still end it")
	errOrderBusy            = errors.New("too many requests for this order are in progress")
	errProcessing           = errors.New("an earlier payment is still being processed and may pay the order")
	errDeclined             = errors.New("the payment provider does not accept this payment")
	errProviderAway         = errors.New("the payment provider is unavailable; it is safe to try again")
	errNoProviders          = errors.New("this gateway was started without a payment provider")
	errNothingPaid          = errors.New("nothing was paid for the order")
	errRefundTooLarge       = errors.New("the refund exceeds what is left of the payment")
	errRefundUndecided      = errors.New("the refund's workflow has not answered yet; it is safe to try again, with the same key if there was one")
	errNoDispute            = errors.New("no such dispute")
	errNoRefund             = errors.New("no such refund, or it was completed long ago")
	errNotWaiting           = errors.New("the refund is not waiting for this decision")
	errNotOpen              = errors.New("the order to assign to is not open")
	errNotPaid              = errors.New("the order is not paid")
	errOrderErased          = errors.New("the order under this Idempotency-Key was erased: place another one under a new key")
	errAddressErased        = errors.New("the person who placed the order was erased: it takes no address any more")
	errOrderClosed          = errors.New("the order is closed: nothing more happens to it")
	errOnHold               = errors.New("the order is on hold: release it first")
	errPackageLeft          = errors.New("the package has left the warehouse")
	errUnresolved           = errors.New("a package of the order waits for an operator: resolve it first")
	errUnitsReturned        = errors.New("units of the package are part of a return: decline it first, or refund the rest by hand")
	errNothingToResolve     = errors.New("the package has no mark that waits for an operator")
	errDelivered            = errors.New("everything was delivered already")
	errOtherRegion          = errors.New("the order was priced for another country or region")
	errReturnWindowOver     = errors.New("the order takes no returns, or no longer")
	errReturnOver           = errors.New("the return was declined, received or closed")
	errNotApproved          = errors.New("the return has to be approved first")
	errOrderTooOld          = errors.New("the order was placed before this was possible")
	errOrderChanged         = errors.New("the order has changed since it was read")
	errUnknownEvent         = errors.New("the package has no such message")
	errUnknownReturn        = errors.New("the order has no such return")
	errUnknownAlert         = errors.New("the order has no such alert that could be dismissed")
	errNotDeliverable       = errors.New("the order has ended and was not delivered")
	errCommandsUnavailable  = errors.New("the shop's commands can't be run at the moment")
	errProductsUnavailable  = errors.New("the products can't be reached")
	errPaymentsUnavailable  = errors.New("the payments can't be reached")
	errDocumentsUnavailable = errors.New("the orders' documents can't be reached")
	errSearch               = errors.New("the search index is unavailable; orders are not affected")
	errSearchBusy           = errors.New("too many searches are running; orders are not affected")
	errNoIndex              = errors.New("this gateway was started without a search index; orders are not affected")
	errStaffOnly            = errors.New("only members of staff may ask for this")
	errWebhookDisabled      = errors.New("the webhook is disabled; enable it again with PATCH first")
	errWebhooks             = errors.New("the webhooks can't be reached")
	errNoCarrier            = errors.New("no such carrier, or it is not configured")
	errPriceBooks           = errors.New("the price books can't be reached; it is safe to try again")
	errTracking             = errors.New("the carriers' scans can't be stored or read; it is safe to send them again")
	errNotYours             = errors.New("customers can access only their own orders")
	errNoOwnCustomer        = errors.New("the caller's sub can't be a customer's id")
	errCustomersUnavailable = errors.New("the customers can't be reached")
	errCouponsUnavailable   = errors.New("the coupons can't be reached")
	errAudits               = errors.New("the audits' reports can't be reached; it is safe to try again")
	errOrdersRole           = errors.New("the caller's roles don't allow reading orders: try the chain on a view")
	errNoScenario           = errors.New("there is no such scenario, or no such version of its chain")
)

// kind is one type of problem.
type kind struct {
	err    error // matched with errors.Is
	status int
	name   string // as in /problems/<name>
	title  string
	retry  time.Duration
}

// kinds is the only table of errors and their statuses. The first match counts.
var kinds = []kind{
	{errNoRoute, http.StatusNotFound, "no-such-path", "No such path", 0},
	{errNoMethod, http.StatusMethodNotAllowed, "method-not-allowed", "Method not allowed", 0},
	{errCrossOrigin, http.StatusForbidden, "cross-origin", "Sent by another origin", 0},
	{errForeignHost, http.StatusMisdirectedRequest, "foreign-host", "Unexpected host name", 0},
	{errNoToken, http.StatusUnauthorized, "unauthenticated", "Authentication required", 0},
	{identity.ErrInvalid, http.StatusUnauthorized, "unauthenticated", "Invalid token", 0},
	{identity.ErrUnjudged, http.StatusServiceUnavailable, "identity-unavailable", "Tokens can't be verified", 5 * time.Second},
	{errRole, http.StatusForbidden, "forbidden", "Not for this role", 0},
	{errStaffOnly, http.StatusForbidden, "forbidden", "For staff", 0},
	{errOrdersRole, http.StatusForbidden, "forbidden", "Not for this role", 0},
	{errNotYours, http.StatusForbidden, "forbidden", "Another customer's", 0},
	{errNoOwnCustomer, http.StatusForbidden, "forbidden", "No customer", 0},
	{errTooMany, http.StatusTooManyRequests, "too-many-requests", "Too many requests", time.Second},
	{errTooManyChains, http.StatusTooManyRequests, "too-many-requests", "Too many requests", time.Second},
	{errTooManyGuests, http.StatusTooManyRequests, "too-many-requests", "Too many guests", time.Minute},
	{errNoGuests, http.StatusNotFound, "no-guests", "No guests", 0},
	{errTooManyCodes, http.StatusTooManyRequests, "too-many-requests", "Too many unknown coupons", time.Minute},
	{errTooManyPays, http.StatusTooManyRequests, "too-many-requests", "Too many payments requested", time.Minute},
	{errLinesType, http.StatusUnsupportedMediaType, "unsupported-media-type", "Unsupported media type", 0},
	{errPatchType, http.StatusUnsupportedMediaType, "unsupported-media-type", "Unsupported media type", 0},
	{errMediaType, http.StatusUnsupportedMediaType, "unsupported-media-type", "Unsupported media type", 0},
	{errEncoding, http.StatusUnsupportedMediaType, "unsupported-media-type", "Unsupported encoding", 0},
	{errTooLarge, http.StatusRequestEntityTooLarge, "body-too-large", "Body too large", 0},
	{errFormTooLarge, http.StatusRequestEntityTooLarge, "body-too-large", "Body too large", 0},
	{errTooManyBodies, http.StatusServiceUnavailable, "too-many-bodies", "Too many bodies at once", time.Second},
	{errCallerBodies, http.StatusTooManyRequests, "too-many-requests", "Too much at once", time.Second},
	{errSlowBody, http.StatusRequestTimeout, "body-timeout", "Body too slow", 0},
	{errNoOrder, http.StatusNotFound, "unknown-order", "Unknown order", 0},
	{errNoProvider, http.StatusNotFound, "unknown-provider", "Unknown payment provider", 0},
	{errNoCarrier, http.StatusNotFound, "unknown-carrier", "Unknown carrier", 0},
	{errNoKey, http.StatusBadRequest, "idempotency-key-required", "Idempotency-Key required", 0},
	{errMismatch, http.StatusUnprocessableEntity, "idempotency-mismatch", "Another body under the same key", 0},
	{product.ErrActionReused, http.StatusUnprocessableEntity, "idempotency-mismatch", "Another body under the same key", 0},
	{product.ErrKeyReused, http.StatusUnprocessableEntity, "idempotency-mismatch", "Another body under the same key", 0},
	{order.ErrDocumentTooLarge, http.StatusUnprocessableEntity, "order-too-large", "Order too large", 0},
	{product.ErrNotFound, http.StatusNotFound, "unknown-product", "Unknown product", 0},
	{errNoSKU, http.StatusNotFound, "unknown-product", "Variant not named", 0},
	{product.ErrUnknownSKU, http.StatusNotFound, "unknown-product", "Unknown variant", 0},
	{product.ErrStale, http.StatusPreconditionFailed, "stale", "Changed in the meantime", 0},
	{errContested, http.StatusConflict, "stale", "Changed in the meantime", time.Second},
	{product.ErrExists, http.StatusPreconditionFailed, "product-exists", "Already exists", 0},
	{customer.ErrNotFound, http.StatusNotFound, "unknown-customer", "Unknown customer", 0},
	{customer.ErrNotErased, http.StatusNotFound, "unknown-erasure", "Unknown erasure", 0},
	{customer.ErrStale, http.StatusPreconditionFailed, "stale", "Changed in the meantime", 0},
	{customer.ErrExists, http.StatusPreconditionFailed, "customer-exists", "Already exists", 0},
	{customer.ErrErased, http.StatusConflict, "stale", "Erased in the meantime", time.Second},
	{errCustomersUnavailable, http.StatusServiceUnavailable, "customers-unavailable", "Customers unavailable", 2 * time.Second},
	{coupon.ErrNotFound, http.StatusNotFound, "unknown-coupon", "Unknown coupon", 0},
	{coupon.ErrStale, http.StatusPreconditionFailed, "stale", "Changed in the meantime", 0},
	{coupon.ErrExists, http.StatusPreconditionFailed, "coupon-exists", "Already exists", 0},
	{errCouponsUnavailable, http.StatusServiceUnavailable, "coupons-unavailable", "Coupons unavailable", 2 * time.Second},
	{errNoScenario, http.StatusNotFound, "unknown-scenario", "Unknown scenario", 0},
	{command.ErrNotFound, http.StatusNotFound, "unknown-command", "Unknown command", 0},
	{command.ErrNoDraft, http.StatusNotFound, "unknown-draft", "No draft", 0},
	{command.ErrExists, http.StatusConflict, "command-exists", "Already exists", 0},
	{command.ErrStale, http.StatusPreconditionFailed, "stale", "Changed in the meantime", 0},
	{command.ErrTooManyCommands, http.StatusConflict, "limit-reached", "Limit reached", 0},
	{command.ErrTooManyVersions, http.StatusConflict, "limit-reached", "Limit reached", 0},
	{command.ErrFull, http.StatusConflict, "limit-reached", "Limit reached", 0},
	{errNotCancellable, http.StatusConflict, "order-closed", "Order closed", 0},
	{errNotDeliverable, http.StatusConflict, "order-closed", "Order closed", 0},
	{saga.ErrEndedByForce, http.StatusConflict, "order-closed", "Order closed", 0},
	{errPaid, http.StatusConflict, "order-paid", "Order paid", 0},
	{errNotPaid, http.StatusConflict, "order-not-paid", "Order not paid", 0},
	{errNotPayable, http.StatusConflict, "order-closed", "Order closed", 0},
	{errEnding, http.StatusConflict, "order-ending", "Order about to end", 5 * time.Second},
	{errTooManyAttempts, http.StatusConflict, "too-many-attempts", "Too many attempts", 0},
	{errOrderBusy, http.StatusTooManyRequests, "too-many-requests", "Too many requests", time.Second},
	{errProcessing, http.StatusConflict, "payment-processing", "Payment processing", 5 * time.Second},
	{errDeclined, http.StatusUnprocessableEntity, "payment-declined", "Payment declined", 0},
	{errProviderAway, http.StatusServiceUnavailable, "payment-provider-unavailable", "Payment provider unavailable", 2 * time.Second},
	{errNoProviders, http.StatusServiceUnavailable, "payment-provider-unavailable", "No payment provider", 60 * time.Second},
	{errOrderErased, http.StatusConflict, "order-erased", "Order erased", 0},
	{errAddressErased, http.StatusConflict, "order-erased", "Order erased", 0},
	{errOrderClosed, http.StatusConflict, "order-closed", "Order closed", 0},
	{errOnHold, http.StatusConflict, "order-on-hold", "Order on hold", 0},
	{errPackageLeft, http.StatusConflict, "package-left", "Package left", 0},
	{errUnresolved, http.StatusConflict, "package-unresolved", "Package unresolved", 0},
	{errUnitsReturned, http.StatusConflict, "units-returned", "Units returned", 0},
	{errNothingToResolve, http.StatusConflict, "nothing-to-resolve", "Nothing to resolve", 0},
	{errDelivered, http.StatusConflict, "order-delivered", "Order delivered", 0},
	{errOtherRegion, http.StatusConflict, "address-other-region", "Another country or region", 0},
	{errReturnWindowOver, http.StatusConflict, "return-window-over", "Return window over", 0},
	{errReturnOver, http.StatusConflict, "return-over", "Return over", 0},
	{errNotApproved, http.StatusConflict, "return-not-approved", "Return not approved", 0},
	{errOrderTooOld, http.StatusConflict, "order-too-old", "Order too old", 0},
	{errOrderChanged, http.StatusPreconditionFailed, "stale", "Changed in the meantime", 0},
	{errUnknownEvent, http.StatusNotFound, "unknown-event", "Unknown message", 0},
	{errUnknownReturn, http.StatusNotFound, "unknown-return", "Unknown return", 0},
	{errUnknownAlert, http.StatusNotFound, "unknown-alert", "Unknown alert", 0},
	{errNothingPaid, http.StatusConflict, "order-not-paid", "Order not paid", 0},
	{errRefundTooLarge, http.StatusConflict, "refund-too-large", "Refund too large", 0},
	{errRefundUndecided, http.StatusServiceUnavailable, "refund-undecided", "Refund undecided", 2 * time.Second},
	{errNoDispute, http.StatusNotFound, "unknown-dispute", "Unknown dispute", 0},
	{errNoRefund, http.StatusNotFound, "unknown-refund", "Unknown refund", 0},
	{errNotWaiting, http.StatusConflict, "refund-not-waiting", "Refund not waiting", 0},
	{errNotOpen, http.StatusConflict, "order-closed", "Order not open", 0},
	{payment.ErrSignature, http.StatusUnauthorized, "bad-signature", "Bad signature", 0},
	{price.ErrNoBook, http.StatusNotFound, "unknown-price-book", "Unknown price book", 0},
	{price.ErrStale, http.StatusPreconditionFailed, "stale", "Changed in the meantime", 0},
	{price.ErrFull, http.StatusConflict, "limit-reached", "Limit reached", 0},
	{price.ErrTooLarge, http.StatusRequestEntityTooLarge, "body-too-large", "Body too large", 0},
	{errPriceBooks, http.StatusServiceUnavailable, "prices-unavailable", "Prices unavailable", 2 * time.Second},
	{payment.ErrStale, http.StatusUnauthorized, "stale-timestamp", "Stale timestamp", 0},
	{payment.ErrMalformed, http.StatusBadRequest, "malformed-callback", "Malformed callback", 0},
	{payment.ErrUnknownType, http.StatusBadRequest, "unknown-callback-type", "Unknown callback type", 0},
	{carrier.ErrSignature, http.StatusUnauthorized, "bad-signature", "Bad signature", 0},
	{carrier.ErrStale, http.StatusUnauthorized, "stale-timestamp", "Stale timestamp", 0},
	{carrier.ErrMalformed, http.StatusBadRequest, "malformed-callback", "Malformed callback", 0},
	{carrier.ErrUnknownScan, http.StatusNotFound, "unknown-scan", "Unknown scan", 0},
	{carrier.ErrScanTaken, http.StatusConflict, "scan-taken", "Scan not waiting", 0},
	{carrier.ErrKeyReused, http.StatusUnprocessableEntity, "idempotency-mismatch", "Another body under the same key", 0},
	{order.ErrUnknownPackage, http.StatusNotFound, "unknown-package", "Unknown package", 0},
	{audit.ErrNotStored, http.StatusNotFound, "unknown-audit", "No audit yet", 0},
	{errAudits, http.StatusServiceUnavailable, "audits-unavailable", "Audits unavailable", 2 * time.Second},
	{errTracking, http.StatusServiceUnavailable, "carriers-unavailable", "Scans unavailable", 2 * time.Second},
	{errSearch, http.StatusServiceUnavailable, "search-unavailable", "Search unavailable", 2 * time.Second},
	{errSearchBusy, http.StatusServiceUnavailable, "search-busy", "Too many searches", time.Second},
	{errNoIndex, http.StatusServiceUnavailable, "search-unavailable", "No search here", 60 * time.Second},
	{errDocumentsUnavailable, http.StatusServiceUnavailable, "order-unavailable", "Order unavailable", 2 * time.Second},
	{errStockUnavailable, http.StatusServiceUnavailable, "stock-unavailable", "Stock unavailable", 30 * time.Second},
	{saga.ErrNoAnswer, http.StatusServiceUnavailable, "order-unavailable", "Order unavailable", 10 * time.Second},
	{saga.ErrUnanswered, http.StatusServiceUnavailable, "temporal-unavailable", "Orders unavailable", 2 * time.Second},
	{errCommandsUnavailable, http.StatusServiceUnavailable, "commands-unavailable", "Commands unavailable", 2 * time.Second},
	{errProductsUnavailable, http.StatusServiceUnavailable, "stock-unavailable", "Products unavailable", 2 * time.Second},
	{webhook.ErrNotFound, http.StatusNotFound, "unknown-webhook", "Unknown webhook or delivery", 0},
	{webhook.ErrTooMany, http.StatusConflict, "too-many-webhooks", "Too many webhooks", 0},
	{webhook.ErrTooManySecrets, http.StatusConflict, "too-many-secrets", "Too many secrets", 0},
	{webhook.ErrSecretGone, http.StatusConflict, "secret-gone", "Secret gone", 0},
	{webhook.ErrKeyReused, http.StatusUnprocessableEntity, "idempotency-mismatch", "Another body under the same key", 0},
	{errWebhookDisabled, http.StatusConflict, "webhook-disabled", "Webhook disabled", 0},
	{errWebhooks, http.StatusServiceUnavailable, "webhooks-unavailable", "Webhooks unavailable", 2 * time.Second},
	{errPaymentsUnavailable, http.StatusServiceUnavailable, "payments-unavailable", "Payments unavailable", 2 * time.Second},
	{product.ErrNotTried, http.StatusServiceUnavailable, "timeout", "Not started in time", 2 * time.Second},
	{errTimeout, http.StatusServiceUnavailable, "timeout", "Took too long", 2 * time.Second},
	{context.Canceled, statusClientGone, "client-gone", "Client disconnected", 0},
}

// Problems whose detail isn't the text of one error. They are not in kinds, because they have no
// single error to match; the errors here are the descriptions on the type's page.
var (
	invalidValues    = kind{errors.New("fields have invalid values; errors names all of them"), http.StatusUnprocessableEntity, "invalid-values", "Invalid values", 0}
	malformedRequest = kind{errors.New("the request does not have the form that the contract requires; errors names the part"), http.StatusBadRequest, "malformed-request", "Malformed request", 0}
	internalError    = kind{errors.New("an unexpected error; the gateway's log has it under the requestId"), http.StatusInternalServerError, "internal", "Internal error", 0}
	variantInStock   = kind{errors.New("a variant that has stock can't be dropped"), http.StatusConflict, "variant-in-stock", "Variant in stock", 0}
	movesByItself    = kind{errors.New("the status and stock of an existing product have their own calls"), http.StatusConflict, "moves-by-its-own-call", "Moves by its own call", 0}
	stockHeld        = kind{errors.New("orders hold more units than would be left"), http.StatusConflict, "stock-held", "Stock held", 0}
	limitReached     = kind{errors.New("the order has reached a limit; detail says which"), http.StatusConflict, "limit-reached", "Limit reached", 0}
	overPacked       = kind{errors.New("lines names every line with more units than are open; nothing is packed"), http.StatusConflict, "over-packed", "More than is open", 0}
	overReturned     = kind{errors.New("lines names every line with more units than can be returned; nothing is changed"), http.StatusConflict, "over-returned", "More than can be returned", 0}
	unitsPacked      = kind{errors.New("lines names every line with units that are packed; nothing is cancelled"), http.StatusConflict, "units-packed", "Units packed", 0}
	couponRefused    = kind{errors.New("coupons names every coupon that can't be used, with the reason"), http.StatusConflict, "coupon-refused", "Coupon refused", 0}
	notQuotable      = kind{errors.New("the order can't be priced as it is; errors names the part that has to change"), http.StatusUnprocessableEntity, "not-quotable", "Can't be quoted", 0}
	orderRefused     = kind{errors.New("the shop's own rules refuse the order; detail says why"), http.StatusConflict, "order-refused", "Order refused", 0}
	scriptFailed     = kind{errors.New("failures names every script that can't be compiled, and every test that fails; nothing is stored"), http.StatusUnprocessableEntity, "script-failed", "Script or test failed", 0}
	notListed        = kind{errors.New("the product is not for sale"), http.StatusConflict, "not-listed", "Not for sale", 0}
)

// problem returns a document of this kind.
func (k kind) problem(detail string) *Problem {
	return &Problem{Type: problemPath + k.name, Title: k.title, Status: k.status, Detail: detail, retryAfter: k.retry}
}

// statusClientGone is logged when the caller has disconnected; it is never received.
const statusClientGone = 499

// problemOf turns an error into what the caller may know about it.
func problemOf(err error) *Problem {
	if ready, ok := errors.AsType[*Problem](err); ok {
		return ready
	}
	if invalid, ok := errors.AsType[product.Invalid](err); ok {
		p := invalidValues.problem("errors names every field")
		p.Errors = invalid
		return p
	}
	if broken, ok := errors.AsType[*command.BrokenError](err); ok {
		p := scriptFailed.problem(scriptFailed.err.Error())
		p.Failures = broken.Failures
		return p
	}
	if p := conflictOf(err); p != nil {
		return p
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("%w: %w", errTimeout, err) // with our own text
	}
	for _, k := range kinds {
		if errors.Is(err, k.err) {
			return k.problem(k.err.Error())
		}
	}
	return internalError.problem("")
}

// conflictOf turns the domain's typed refusals, which contain numbers, into problems.
func conflictOf(err error) *Problem {
	var (
		heldSKU *product.HeldSKUError
		moved   *product.MovedError
		strands *product.StrandsError
	)
	switch {
	case errors.As(err, &heldSKU):
		return variantInStock.problem(heldSKU.Error())
	case errors.As(err, &moved):
		return movesByItself.problem(moved.Error())
	case errors.As(err, &strands):
		return stockHeld.problem(strands.Error())
	}
	return nil
}

// malformed returns the problem of a request that can't be read. path names the invalid part; ""
// means the whole request.
func malformed(path, reason string) *Problem {
	p := malformedRequest.problem(reason)
	if path != "" {
		p.Detail = path + ": " + reason
		p.Errors = []product.FieldProblem{{Path: path, Reason: reason}}
	}
	return p
}

// refusalKinds maps the most serious shortage of a placement to a problem.
var refusalKinds = map[product.RefusalReason]kind{
	product.ReasonNotFound:          {nil, http.StatusNotFound, "unknown-product", "Unknown product", 0},
	product.ReasonUnknownSKU:        {nil, http.StatusNotFound, "unknown-product", "Unknown variant", 0},
	product.ReasonNotListed:         notListed,
	product.ReasonOtherCurrency:     {nil, http.StatusConflict, "mixed-currencies", "Mixed currencies", 0},
	order.ReasonAmountTooLarge:      {nil, http.StatusUnprocessableEntity, "amount-too-large", "Amount too large", 0},
	order.ReasonDocumentTooLarge:    {nil, http.StatusUnprocessableEntity, "order-too-large", "Order too large", 0},
	product.ReasonTooManyOpenOrders: {nil, http.StatusTooManyRequests, "too-many-open-orders", "Too many open orders", 0},

	product.ReasonTooManyNetworkOrders: {nil, http.StatusTooManyRequests, "too-many-open-orders", "Too many open orders of this network's guests", 0},
	product.ReasonOverLimit:            {nil, http.StatusConflict, "over-limit", "Over the limit", 0},
	product.ReasonOverCustomerLimit:    {nil, http.StatusConflict, "over-customer-limit", "Too many units in unpaid orders", 0},
	product.ReasonPriceChanged:         {nil, http.StatusConflict, "price-changed", "Price changed", 0},
	product.ReasonOutOfStock:           {nil, http.StatusConflict, "insufficient-stock", "Insufficient stock", 0},
}

// refusal returns a problem that names every line of a placement that can't be fulfilled.
func refusal(shortages []order.Shortage) *Problem {
	k, ok := refusalKinds[order.Gravest(shortages)]
	if !ok {
		k = refusalKinds[product.ReasonOutOfStock]
	}
	p := k.problem("shortages names every line that can't be fulfilled; nothing is held")
	p.Shortages = shortages
	if slices.ContainsFunc(shortages, lacksSKU) {
		p.Detail += "; " + errNoSKU.Error()
	}
	return p
}

func lacksSKU(s order.Shortage) bool { return s.Reason == product.ReasonUnknownSKU && s.SKU == "" }

// verdictError returns the error for a saga's answer to a request, or nil if the request is done.
func verdictError(v saga.Verdict, closed error) error {
	switch v {
	case saga.VerdictDone:
		return nil
	case saga.VerdictTooLatePaid:
		return errPaid
	case saga.VerdictTooLateClosed:
		return closed
	case saga.VerdictNotPaid:
		return errNotPaid
	case saga.VerdictEnding:
		return errEnding
	case saga.VerdictTooManyAttempts:
		return errTooManyAttempts
	case saga.VerdictBusy:
		return errOrderBusy
	case saga.VerdictProcessing:
		return errProcessing
	case saga.VerdictUnavailable:
		return errProviderAway
	case saga.VerdictDeclined:
		return errDeclined
	case saga.VerdictOnHold:
		return errOnHold
	case saga.VerdictPackageLeft:
		return errPackageLeft
	case saga.VerdictUnresolved:
		return errUnresolved
	case saga.VerdictReturned:
		return errUnitsReturned
	case saga.VerdictResolved:
		return errNothingToResolve
	case saga.VerdictDelivered:
		return errDelivered
	case saga.VerdictOtherRegion:
		return errOtherRegion
	case saga.VerdictErased:
		return errAddressErased
	case saga.VerdictChanged:
		return errOrderChanged
	case saga.VerdictWindowOver:
		return errReturnWindowOver
	case saga.VerdictReturnOver:
		return errReturnOver
	case saga.VerdictNotApproved:
		return errNotApproved
	case saga.VerdictKeyReused:
		return errMismatch
	case saga.VerdictUnsupported:
		return errOrderTooOld
	case saga.VerdictUnits, saga.VerdictUnknown, saga.VerdictLimit, saga.VerdictNoStock: // see changeError
	}
	return fmt.Errorf("the saga answered %q", v)
}
