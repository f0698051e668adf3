/** Mark and name. */
export function Brand() {
  return (
    <span className="console-brand">
      <svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
        <rect width="32" height="32" rx="7" fill="#5e40be" />
        <path d="M7 24V8h3.6L16 17.2 21.4 8H25v16h-3.6V14.6L17.3 21.6h-2.6l-4.1-7V24z" fill="#fff" />
      </svg>
      <span>Matricula</span>
    </span>
  );
}
