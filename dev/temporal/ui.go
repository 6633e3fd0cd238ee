package temporal

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"

	uiserver "github.com/temporalio/ui-server/v2/server"
	uiconfig "github.com/temporalio/ui-server/v2/server/config"
	uioptions "github.com/temporalio/ui-server/v2/server/server_options"

	"holdfast/dev/await"
	"holdfast/dev/loopback"
)

// webUI is Temporal's web UI, served by this process.
type webUI struct {
	server *uiserver.Server
	url    string
	ended  chan struct{}
}

// startUI serves the web UI until stop. The port must have been found free:
// the UI server's own answer to a port in use is to end the whole process.
func startUI(port int, temporalAddress, namespace string) *webUI {
	ui := &webUI{
		server: uiserver.NewServer(uioptions.WithConfigProvider(&uiconfig.Config{
			Host:                loopback.Host,
			Port:                port,
			TemporalGRPCAddress: temporalAddress,
			EnableUI:            true,
			DefaultNamespace:    namespace,
			CORS:                uiconfig.CORS{CookieInsecure: true}, // plain HTTP, loopback only
			HideLogs:            true,
			DisableNewsFetch:    true,
		})),
		url:   "http://" + loopback.Address(port),
		ended: make(chan struct{}),
	}
	go func() {
		defer close(ui.ended)
		if err := ui.server.Start(); err != nil {
			slog.Error("Temporal's web UI stopped", "error", err) //nolint:sloglint // nobody is left to tell
		}
	}()
	return ui
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
			return fmt.Errorf("it answers %s", res.Status)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("wait for Temporal's web UI on %s: %w", ui.url, err)
	}
	return nil
}

func (ui *webUI) stop() {
	ui.server.Stop()
	<-ui.ended
}
