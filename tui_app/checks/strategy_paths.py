"""Every command that the strategy prints, and what Vigil does in its place: the table behind `vigil checks --strategy`."""

from __future__ import annotations

from typing import Final

import msgspec

ST: Final = "tests/e2e/staging"


class Use(msgspec.Struct, frozen=True):
    """One command of the strategy.

    section -- the strategy's own: '1.1' to '4.2', or the name of a chapter
    command -- as the strategy prints it, on one line
    vigil -- Vigil's command; empty where it runs the checks that answer the path
    answered_by -- whether a command answers the path instead of checks of its own
    reason -- why a client cannot measure it, if so
    """

    section: str
    path: str
    arguments: str = ""
    vigil: str = ""
    answered_by: bool = False
    title: str = ""
    reason: str = ""

    @property
    def command(self) -> str:
        """The command as the strategy prints it."""
        return f"python {self.path} {self.arguments}".rstrip()


def _tests(section: str, *names: str) -> tuple[Use, ...]:
    return tuple(Use(section, f"{ST}/{name}.py", "-v") for name in names)


def _by(section: str, path: str, arguments: str, vigil: str, title: str) -> Use:
    return Use(section, path, arguments, vigil, True, title)


DEPLOY: Final = "scripts/deploy_to_gcp_actual.py"
RUNNER: Final = "tests/unified_test_runner.py"
SUITE: Final = f"{ST}/run_staging_tests.py"
PRIORITY_FILES: Final = {
    "priority1": f"{ST}/test_priority1_critical.py",
    "priority2": f"{ST}/test_priority2_high.py",
    "priority3": f"{ST}/test_priority3_medium_high.py",
}

USES: Final[tuple[Use, ...]] = (
    Use("1.1", DEPLOY, "--project netra-staging --health-check"),
    Use("1.1", "scripts/check_staging_health.py", "--comprehensive"),
    *_tests("1.1", "test_staging_connectivity_validation"),
    *_tests("1.2", "test_auth_complete_workflows", "test_websocket_agent_events_comprehensive", "test_real_agent_execution_staging"),
    *_tests(
        "2.1",
        "test_1_websocket_events_staging",
        "test_2_message_flow_staging",
        "test_3_agent_pipeline_staging",
        "test_4_agent_orchestration_staging",
        "test_5_response_streaming_staging",
    ),
    *_tests(
        "2.2",
        "test_golden_path_post_ssot_consolidation",
        "test_business_problem_solving_real_llm_e2e",
        "test_websocket_business_value_validation_e2e",
        "test_agent_optimization_complete_flow",
    ),
    *_tests(
        "2.3",
        "test_multi_user_thread_isolation",
        "test_multi_user_concurrent_sessions",
        "test_multi_user_tool_execution_isolation",
        "test_authentication_authorization_flow",
    ),
    *_tests("3.1", "test_6_failure_recovery_staging", "test_7_startup_resilience_staging", "test_error_recovery_resilience"),
    *_tests("3.2", "test_performance_scaling", "test_websocket_realtime_updates", "test_websocket_realtime_collaboration_e2e"),
    *_tests("4.1", "test_10_critical_path_staging", "test_8_lifecycle_events_staging", "test_9_coordination_staging"),
    *_tests("4.2", "test_ssot_user_execution_context_staging", "test_ssot_event_validator_staging"),
    *_tests("4.2", "event_validator_ssot/test_golden_path_event_validation"),
    _by("Suite", SUITE, "--comprehensive", "vigil run --preset comprehensive", "The whole validation"),
    _by("Suite", f"{ST}/run_100_tests_safe.py", "", "vigil run --checks golden-path --iterations 100", "A hundred journeys"),
    *(_by("Suite", path, "-v", f"vigil run --preset {name}", f"The cases of priority {name[-1]}") for name, path in PRIORITY_FILES.items()),
    _by(
        "Runner",
        RUNNER,
        "--environment staging --category e2e --real-services --websocket-focus --execution-mode comprehensive",
        "vigil run --target staging.toml --preset websocket",
        "Everything over the WebSocket",
    ),
    _by(
        "Runner",
        RUNNER,
        "--environment staging --report-generation --business-value-focus",
        "vigil report FILE --format executive",
        "Everything over the WebSocket, and its report",
    ),
    _by("Monitoring", "scripts/monitor_websocket_events.py", "--environment staging", "vigil watch", "Event delivery, watched"),
    _by("Monitoring", "scripts/staging_health_monitor.py", "--continuous", "vigil watch", "Health, watched"),
    _by("Monitoring", "scripts/collect_staging_metrics.py", "--websocket-focus", "vigil report FILE --format samples", "Every sample"),
    Use("Business", f"{ST}/validate_critical_events.py"),
    Use("Business", f"{ST}/measure_chat_performance.py"),
    Use("Business", f"{ST}/validate_user_isolation.py"),
    _by(
        "Reporting",
        f"{ST}/generate_test_report.py",
        "--format comprehensive --business-value-focus --output reports/staging_validation_$(date +%Y%m%d).md",
        "vigil report FILE --format md --output reports/staging_validation_$(date +%Y%m%d).md",
        "The report",
    ),
    _by(
        "Reporting",
        f"{ST}/generate_websocket_report.py",
        "--include-performance-metrics --include-business-impact",
        "vigil report FILE --format websocket",
        "The WebSocket report",
    ),
    _by(
        "Reporting",
        "scripts/document_revenue_protection.py",
        f"--test-results {ST}/test_results.json --websocket-focus",
        "vigil report FILE --format md",
        "Which journeys are protected (criterion B4)",
    ),
    _by(
        "Reporting",
        "scripts/generate_executive_summary.py",
        '--topic "Staging Fallback Validation" --business-continuity-focus',
        "vigil report FILE --format executive",
        "One page for leadership",
    ),
    _by("Issue 268B", SUITE, "--parallel-execution", "vigil run --preset comprehensive --parallel", "The whole validation"),
    _by("Issue 268B", "scripts/compare_docker_vs_staging.py", "--real-time", "vigil compare A B", "Docker beside staging"),
    _by("Emergency", "scripts/check_gcp_status.py", "--project netra-staging", "vigil runbook", "Whose failure it is"),
    _by("Emergency", "scripts/recover_staging_environment.py", "", "vigil runbook", "What a person may do to recover it"),
    _by(
        "Emergency",
        DEPLOY,
        "--project netra-staging --force-redeploy",
        "vigil runbook",
        "The command for a redeployment, shown and not run",
    ),
    _by(
        "Emergency", "scripts/escalate_infrastructure_issue.py", "--severity critical", "vigil bundle --incident FILE", "What to hand over"
    ),
)
"""In the strategy's order. The paths are its own; 51 are distinct, three stand in two chapters."""
