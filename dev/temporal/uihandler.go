package temporal

import (
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"github.com/temporalio/ui-server/v2/server/api"
	uiconfig "github.com/temporalio/ui-server/v2/server/config"
	"github.com/temporalio/ui-server/v2/server/csrf"
	"github.com/temporalio/ui-server/v2/server/headers"
	"github.com/temporalio/ui-server/v2/server/route"
	"github.com/temporalio/ui-server/v2/ui"
)

// newUI assembles the web UI as its own server does, but answers only to loopback names:
// otherwise a page whose name was rebound to 127.0.0.1 could read every order, and
// terminate its workflow. Pages of other origins have no access, so CORS is left out.
func newUI(cfg *uiconfig.Config) (*echo.Echo, error) {
	provider, err := uiconfig.NewConfigProviderWithRefresh(cfg)
	if err != nil {
		return nil, fmt.Errorf("read the settings of Temporal's web UI: %w", err)
	}
	all, err := ui.Assets()
	if err != nil {
		return nil, fmt.Errorf("open the pages of Temporal's web UI: %w", err)
	}
	assets, err := fs.Sub(all, "local")
	if err != nil {
		return nil, fmt.Errorf("open the pages of Temporal's web UI: %w", err)
	}
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.Pre(loopbackNames, route.PublicPath(cfg.PublicPath))
	e.Use(middleware.Recover(), middleware.Gzip(), middleware.Secure(),
		csrf.EnsureTokenCookie(false), middleware.CSRFWithConfig(csrf.MiddlewareConfig(provider, false)))
	route.SetHealthRoute(e)
	if err := route.SetAPIRoutes(e, provider, []api.Middleware{headers.WithForwardHeaders([]string{"Caller-Type"})}); err != nil {
		return nil, fmt.Errorf("connect Temporal's web UI: %w", err)
	}
	route.SetAuthRoutes(e, provider)
	if err := route.SetUIRoutes(e, cfg.PublicPath, assets, provider); err != nil {
		return nil, fmt.Errorf("serve the pages of Temporal's web UI: %w", err)
	}
	route.SetRenderRoute(e, "/")
	return e, nil
}

// loopbackNames refuses requests whose Host is not a name of this machine.
func loopbackNames(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		host, _, err := net.SplitHostPort(c.Request().Host)
		if err != nil {
			host = strings.Trim(c.Request().Host, "[]")
		}
		host = strings.ToLower(strings.TrimSuffix(host, "."))
		ip := net.ParseIP(host)
		if host == "localhost" || (ip != nil && ip.IsLoopback()) {
			return next(c)
		}
		return c.String(http.StatusForbidden, "this page only answers to loopback names: open it as localhost or 127.0.0.1\n")
	}
}
