package temporal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v4"
	uiconfig "github.com/temporalio/ui-server/v2/server/config"

	"holdfast/dev/await"
	"holdfast/dev/loopback"
)

// webUI is Temporal's web UI, served by this process.
type webUI struct {
	server *echo.Echo
	url    string
	ended  chan struct{}
}

// startUI serves the web UI until stop.
func startUI(port int, temporalAddress, namespace string) (*webUI, error) {
	server, err := newUI(&uiconfig.Config{
		Host:                loopback.Host,
		Port:                port,
		TemporalGRPCAddress: temporalAddress,
		EnableUI:            true,
		DefaultNamespace:    namespace,
		CORS:                uiconfig.CORS{CookieInsecure: true}, // plain HTTP, loopback only
		HideLogs:            true,
		DisableNewsFetch:    true,
	})
	if err != nil {
		return nil, err
	}
	ui := &webUI{server: server, url: "http://" + loopback.Address(port), ended: make(chan struct{})}
	go func() {
		defer close(ui.ended)
		if err := server.Start(loopback.Address(port)); !errors.Is(err, http.ErrServerClosed) {
			slog.Error("Temporal's web UI stopped", "error", err) //nolint:sloglint // there is no other log
		}
	}()
	return ui, nil
}

func (ui *webUI) awaitReady(ctx context.Context) error {
	err := await.Success(ctx, func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, ui.url+"/healthz", nil)
		if err != nil {
			return err
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		defer func() { _ = res.Body.Close() }()
		if res.StatusCode != http.StatusOK {
			return fmt.Errorf("it answered %s", res.Status)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("wait for Temporal's web UI on %s: %w", ui.url, err)
	}
	return nil
}

func (ui *webUI) stop() {
	_ = ui.server.Close() // its connections end with the process at the latest
	<-ui.ended
}
