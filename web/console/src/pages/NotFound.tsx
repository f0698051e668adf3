import { Empty } from '../parts/Empty';
import { Heading } from '../parts/Heading';

/** An address that leads nowhere. */
export function NotFound({ text = 'This address leads nowhere.' }: { text?: string }) {
  return (
    <>
      <Heading title="Not found" />
      <Empty title="Nothing here" actions={<a href="#/">Go to the start page</a>}>
        {text}
      </Empty>
    </>
  );
}
