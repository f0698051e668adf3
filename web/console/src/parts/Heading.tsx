// The top of a page: where it is, what it is, what can be done.

import { useEffect, type ReactNode } from 'react';
import { Breadcrumb, BreadcrumbItem, Content, PageSection, Title } from '@patternfly/react-core';

interface Props {
  title: ReactNode;
  /** For the window's title, when `title` is no text. */
  name?: string;
  /** One sentence. */
  text?: ReactNode;
  /** Pages above this one: caption and address. */
  above?: [string, string][];
  actions?: ReactNode;
}

export function Heading({ title, name, text, above, actions }: Props) {
  const plain = name ?? (typeof title === 'string' ? title : 'Console');
  useEffect(() => {
    document.title = `${plain} · Matricula`;
  }, [plain]);
  return (
    <PageSection className="console-heading" hasBodyWrapper={false}>
      {above && (
        <Breadcrumb className="console-crumbs">
          {above.map(([caption, to]) => (
            <BreadcrumbItem key={to} to={to}>
              {caption}
            </BreadcrumbItem>
          ))}
          <BreadcrumbItem isActive>{plain}</BreadcrumbItem>
        </Breadcrumb>
      )}
      <div className="console-heading-row">
        <div>
          <Title headingLevel="h1">{title}</Title>
          {text && <Content component="p">{text}</Content>}
        </div>
        {actions && <div className="console-heading-actions">{actions}</div>}
      </div>
    </PageSection>
  );
}
